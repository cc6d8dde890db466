# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 -t example.com/pillion:0.1.0 --push .
# docker buildx build --platform linux/amd64,linux/arm64 --target redirect -t example.com/pillion-redirect:0.1.0 --push .

# Built on the machine's own platform for the one that is asked for: an emulated compiler takes ten times as long.
# The version is rust-toolchain.toml's.
FROM --platform=$BUILDPLATFORM rust:1.95.0-slim-bookworm AS build
ARG TARGETARCH
# A compiler for the C part of the TLS library; the platform's own is in the base image. Debian's release is the pin: its
# older packages are taken away when there are newer ones.
# hadolint ignore=DL3008
RUN case "$TARGETARCH" in \
      amd64) echo x86_64-unknown-linux-gnu > /target ;; \
      arm64) echo aarch64-unknown-linux-gnu > /target ;; \
      *) echo "no image for the platform '$TARGETARCH': amd64 and arm64 are built" >&2; exit 1 ;; \
    esac \
 && rustup target add "$(cat /target)" \
 && if [ "$TARGETARCH" != "$(dpkg --print-architecture)" ]; then \
      apt-get update \
      && apt-get install --no-install-recommends -y "crossbuild-essential-$TARGETARCH" \
      && rm -rf /var/lib/apt/lists/*; \
    fi
ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc \
    CC_x86_64_unknown_linux_gnu=x86_64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
WORKDIR /src
COPY . .
# Crates and what was compiled stay in the builder's caches: a change of the source compiles what depends on it.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,id=pillion-target-$TARGETARCH,sharing=locked \
    cargo build --locked --release --bin pillion --target "$(cat /target)" \
 && install -D "target/$(cat /target)/release/pillion" /out/pillion

# nft with the libraries that it needs and the image below lacks: unpacked for the platform that is asked for, none of it
# run here. Debian's release is the pin, as above.
FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS nft
ARG TARGETARCH
WORKDIR /packages
# hadolint ignore=DL3008
RUN dpkg --add-architecture "$TARGETARCH" \
 && apt-get update \
 && for package in nftables libnftables1 libnftnl11 libmnl0 libjansson4 libgmp10 libedit2 libxtables12 libtinfo6 libbsd0 \
      libmd0; do \
      apt-get download "$package:$TARGETARCH" || exit 1; \
    done \
 && for package in *.deb; do dpkg-deb --extract "$package" /unpacked || exit 1; done \
 && install -D /unpacked/usr/sbin/nft /out/usr/sbin/nft \
 && for folder in /unpacked/usr/lib/*-linux-gnu /unpacked/lib/*-linux-gnu; do \
      into="/out/usr/lib/$(basename "$folder")"; \
      mkdir -p "$into" && find "$folder" -maxdepth 1 -name '*.so.*' -exec cp -a {} "$into" \; || exit 1; \
    done \
 && rm -rf /var/lib/apt/lists/*

# `--target redirect`: the init container that sends a pod's traffic through Envoy. It needs the capability NET_ADMIN, which
# only root of the container can have; everything else may be dropped.
FROM gcr.io/distroless/cc-debian12:nonroot AS redirect
COPY --from=nft /out/ /
COPY --from=build /out/pillion /usr/local/bin/pillion
# hadolint ignore=DL3002
USER 0:0
ENTRYPOINT ["/usr/local/bin/pillion"]
CMD ["redirect"]

# No shell, no package manager; libc, libgcc and the roots that everybody trusts. User and group 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/pillion /usr/local/bin/pillion
USER 65532:65532
# The webhook; health, readiness and metrics.
EXPOSE 15017 15014
ENTRYPOINT ["/usr/local/bin/pillion"]
CMD ["serve"]
