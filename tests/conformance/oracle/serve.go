package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// setupServe answers admission calls over HTTPS, as istiod does: the peer of measurements.
func setupServe(flags *flag.FlagSet) func() error {
	dir := flags.String("dir", ".", "directory with config, values and mesh, as for batch")
	addr := flags.String("addr", "127.0.0.1:0", "where to listen; port 0 takes a free one, which standard error names")
	cert := flags.String("cert", "", "certificate chain, a PEM file")
	key := flags.String("key", "", "its key, a PEM file")
	revision := flags.String("revision", "default", "revision of the injector")
	return func() error {
		handler, err := webhook(*dir, *revision, nil)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", *addr)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "oracle serve: listening on %s with %s\n", listener.Addr(), filepath.Clean(*dir))
		// istiod's webhook server sets no more than this where no compliance policy is asked for.
		server := &http.Server{Handler: handler, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
		return server.ServeTLS(listener, *cert, *key)
	}
}
