//! Frames of HTTP/2: floods, resets, windows. Each would be legal, or nearly so, if it came once.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::harness::{hold, many, pod, review};
use crate::wire::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, Poured, RST_STREAM, SETTINGS,
    Target, WINDOW_UPDATE, field, frame, pour, pour_into, request, rest, review_head,
};

const A_WHILE: Duration = Duration::from_secs(2);
/// Longer than anybody waits for an answer.
const LONGER: Duration = Duration::from_secs(12);
/// A setting: how much of each answer may be sent before it is asked for.
const INITIAL_WINDOW: u16 = 4;

/// Pours the same kind of piece over so many connections. Gives what came of each.
async fn flood<P>(target: &Target, connections: usize, settings: &[(u16, u32)], piece: P) -> Vec<Poured>
where
    P: Fn(usize) -> Option<Vec<u8>> + Clone + Send + 'static,
{
    flood_for(A_WHILE, target, connections, settings, piece).await
}

async fn flood_for<P>(
    time: Duration,
    target: &Target,
    connections: usize,
    settings: &[(u16, u32)],
    piece: P,
) -> Vec<Poured>
where
    P: Fn(usize) -> Option<Vec<u8>> + Clone + Send + 'static,
{
    let settings = settings.to_vec();
    many(connections, |_| {
        let (target, settings, piece) = (target.clone(), settings.clone(), piece.clone());
        async move { pour(target.h2_with(&settings).await.unwrap(), time, piece).await }
    })
    .await
}

fn total(poured: &[Poured]) -> usize {
    poured.iter().map(|poured| poured.sent).sum()
}

fn closed(poured: &[Poured]) -> usize {
    poured.iter().filter(|poured| poured.closed).count()
}

/// The number of the stream that the client begins as its `n`th.
fn stream(n: usize) -> u32 {
    u32::try_from(n).unwrap() * 2 + 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_stream_bodies() {
    let test = concat!(file!(), "::slow_stream_bodies");
    hold(test, "bodies of one byte at a time on all streams of a connection", &[], async |target| {
        let poured = flood(&target, 40, &[], |n| {
            let (round, n) = (n / 100, n % 100);
            Some(match round {
                0 => frame(HEADERS, END_HEADERS, stream(n), &review_head("/inject")),
                _ => frame(DATA, 0, stream(n), b" "),
            })
            .filter(|_| round < 80)
        });
        format!("40 connections of 100 streams, {} frames", total(&poured.await))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_end() {
    let test = concat!(file!(), "::streams_without_end");
    hold(test, "streams that are begun and left", &[], async |target| {
        let poured = flood(&target, 50, &[], |n| {
            (n < 10_000).then(|| frame(HEADERS, END_HEADERS, stream(n), &review_head("/inject")))
        });
        let poured = poured.await;
        format!("50 connections, {} streams, {} closed", total(&poured), closed(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rapid_reset() {
    let test = concat!(file!(), "::rapid_reset");
    hold(test, "streams that are begun and reset at once (rapid reset)", &[], async |target| {
        let poured = flood(&target, 10, &[], |n| {
            let begun = frame(HEADERS, END_HEADERS, stream(n), &review_head("/inject"));
            (n < 50_000).then(|| [begun, frame(RST_STREAM, 0, stream(n), &8_u32.to_be_bytes())].concat())
        });
        let poured = poured.await;
        assert!(closed(&poured) > 0, "{poured:?}");
        format!("10 connections, {} streams, {} closed", total(&poured), closed(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reviews_that_are_reset() {
    let test = concat!(file!(), "::reviews_that_are_reset");
    hold(test, "whole reviews of new pods, each reset behind its end", &[], async |target| {
        let poured = flood(&target, 10, &[], |n| {
            let asked = request(stream(n), &review("u-1", &pod(&format!("reset-{n}"))));
            (n < 20_000).then(|| [asked, frame(RST_STREAM, 0, stream(n), &8_u32.to_be_bytes())].concat())
        });
        let poured = poured.await;
        format!("10 connections, {} reviews, {} closed", total(&poured), closed(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_flood() {
    let test = concat!(file!(), "::settings_flood");
    hold(test, "settings, each of which is to be acknowledged", &[], async |target| {
        let poured =
            flood(&target, 10, &[], |_| Some(frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]).repeat(100)));
        format!("10 connections, {} frames", total(&poured.await) * 100)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_whose_answers_are_not_read() {
    let test = concat!(file!(), "::settings_whose_answers_are_not_read");
    hold(test, "settings and pings whose acknowledgements are not read", &[], async |target| {
        let sent = many(10, |_| {
            let target = target.clone();
            async move {
                let mut stream = target.h2_with(&[]).await.unwrap();
                let piece = [frame(SETTINGS, 0, 0, &[]), frame(PING, 0, 0, b"12345678")].concat().repeat(100);
                pour_into(&mut stream, A_WHILE, |_| Some(piece.clone())).await.sent * 200
            }
        });
        format!("10 connections, {} frames", sent.await.iter().sum::<usize>())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ping_flood() {
    let test = concat!(file!(), "::ping_flood");
    hold(test, "pings", &[], async |target| {
        let poured = flood(&target, 10, &[], |_| Some(frame(PING, 0, 0, b"12345678").repeat(100)));
        format!("10 connections, {} frames", total(&poured.await) * 100)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priority_flood() {
    let test = concat!(file!(), "::priority_flood");
    hold(test, "priorities of streams that are not there", &[], async |target| {
        let poured = flood(&target, 10, &[], |n| {
            (n < 20_000).then(|| frame(PRIORITY, 0, stream(n + 1), &[0, 0, 0, 1, 16]).repeat(50))
        });
        format!("10 connections, {} frames", total(&poured.await) * 50)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_frames() {
    let test = concat!(file!(), "::unknown_frames");
    hold(test, "frames of unknown kinds", &[], async |target| {
        let poured =
            flood(&target, 10, &[], |n| Some(frame(0x40 + (n % 64) as u8, 0, 0, &[0; 1024]).repeat(10)));
        format!("10 connections, {} frames", total(&poured.await) * 10)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn continuation_flood() {
    let test = concat!(file!(), "::continuation_flood");
    hold(test, "heads continued without end (CONTINUATION flood)", &[], async |target| {
        let poured = flood(&target, 20, &[], |n| {
            Some(match n {
                0 => frame(HEADERS, 0, 1, &review_head("/inject")),
                _ => frame(CONTINUATION, 0, 1, &field("x-more", &"y".repeat(1000))),
            })
        });
        let poured = poured.await;
        assert_eq!(closed(&poured), 20, "{poured:?}");
        format!("20 connections, {} frames until all were closed", total(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_continuations() {
    let test = concat!(file!(), "::empty_continuations");
    hold(test, "heads continued by nothing, without end", &[], async |target| {
        let poured = flood(&target, 20, &[], |n| {
            Some(match n {
                0 => frame(HEADERS, 0, 1, &review_head("/inject")),
                _ => frame(CONTINUATION, 0, 1, &[]).repeat(10),
            })
        });
        let poured = poured.await;
        assert_eq!(closed(&poured), 20, "{poured:?}");
        format!("20 connections, {} frames until all were closed", total(&poured) * 10)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_data() {
    let test = concat!(file!(), "::empty_data");
    hold(test, "bodies of empty frames", &[], async |target| {
        let poured = flood(&target, 10, &[], |n| {
            Some(match n {
                0 => frame(HEADERS, END_HEADERS, 1, &review_head("/inject")),
                _ => frame(DATA, 0, 1, &[]).repeat(100),
            })
        });
        let poured = poured.await;
        format!("10 connections, {} frames, {} closed", total(&poured) * 100, closed(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_beyond_the_limit() {
    let test = concat!(file!(), "::heads_beyond_the_limit");
    hold(test, "heads of 600 KiB in frames of 16 KiB", &[], async |target| {
        let poured = flood(&target, 20, &[], |n| {
            let part = [field("x-a", &"y".repeat(8000)), field("x-b", &"z".repeat(8000))].concat();
            let (last, head) = (n % 40 == 39, stream(n / 40));
            let piece = match n % 40 {
                0 => frame(HEADERS, 0, head, &review_head("/inject")),
                _ => frame(CONTINUATION, if last { END_HEADERS } else { 0 }, head, &part),
            };
            (n < 4000).then_some(piece)
        });
        let poured = poured.await;
        format!("20 connections, {} frames, {} closed", total(&poured), closed(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_heads() {
    let test = concat!(file!(), "::compressed_heads");
    hold(
        test,
        "heads of 3 MiB in 1 KiB: a field of 3 KiB named 1,000 times (HPACK bomb)",
        &[],
        async |target| {
            let poured = flood(&target, 20, &[], |n| {
                let named = [review_head("/inject"), vec![0x80 | 62; 1000]].concat();
                let first = [review_head("/inject"), remembered("x-bomb", &"b".repeat(3000))].concat();
                let head = if n == 0 { first } else { named };
                (n < 2000).then(|| frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &head))
            });
            let poured = poured.await;
            format!("20 connections, {} heads, {} closed", total(&poured), closed(&poured))
        },
    )
    .await;
}

/// A field that later heads name by a number: 62.
fn remembered(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = field(name, value);
    bytes[0] = 0x40;
    bytes
}

/// Says this on each of a hundred connections, behind these settings or without any. All of them must be closed.
async fn closed_upon(
    target: &Target,
    settings: Option<&'static [(u16, u32)]>,
    words: impl Fn(usize) -> Vec<u8>,
) -> String {
    let ended = many(100, |n| {
        let (target, words) = (target.clone(), words(n));
        async move {
            let stream = match settings {
                Some(settings) => target.h2_with(settings).await,
                None => target.h2().await,
            };
            let mut stream = stream.unwrap();
            let _ = stream.write_all(&words).await;
            rest(&mut stream, A_WHILE).await.1
        }
    });
    let ended = ended.await.into_iter().filter(|ended| *ended).count();
    assert_eq!(ended, 100);
    format!("100 connections, {ended} closed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_beyond_the_limit() {
    let test = concat!(file!(), "::frames_beyond_the_limit");
    hold(test, "frames that announce 16 MiB", &[], async |target| {
        let head = [0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1];
        closed_upon(&target, Some(&[]), |_| [&head[..], &[0; 64 * 1024]].concat()).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http2() {
    let test = concat!(file!(), "::what_is_no_http2");
    hold(test, "what is no HTTP/2, where HTTP/2 was agreed on", &[], async |target| {
        closed_upon(&target, None, |n| (0..4096_usize).map(|i| (i * 31 + n * 7) as u8).collect()).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_of_nothing() {
    let test = concat!(file!(), "::windows_of_nothing");
    hold(test, "answers that may not be sent: windows of zero", &[], async |target| {
        let poured = flood_for(LONGER, &target, 200, &[(INITIAL_WINDOW, 0)], |n| {
            (n < 100).then(|| request(stream(n), &review("u-1", &pod("zero"))))
        });
        format!("200 connections of 100 streams for 12 s, {} requests", total(&poured.await))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_of_a_byte() {
    let test = concat!(file!(), "::windows_of_a_byte");
    hold(test, "answers that are let out byte by byte", &[], async |target| {
        let poured = flood(&target, 40, &[(INITIAL_WINDOW, 1)], |n| match n {
            0..100 => Some(request(stream(n), &review("u-1", &pod("byte")))),
            _ => Some(frame(WINDOW_UPDATE, 0, stream(n % 100), &1_u32.to_be_bytes())),
        });
        let poured = poured.await;
        format!("40 connections of 100 answers, {} frames", total(&poured))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_beyond_all_bounds() {
    let test = concat!(file!(), "::windows_beyond_all_bounds");
    hold(test, "windows that grow beyond 2 GiB, settings that shrink them below zero", &[], async |target| {
        let poured = flood(&target, 50, &[], |n| {
            let most = 0x7fff_ffff_u32.to_be_bytes();
            let none = [&INITIAL_WINDOW.to_be_bytes()[..], &0_u32.to_be_bytes()].concat();
            Some(match n {
                0 => request(1, &review("u-1", &pod("window"))),
                1 => frame(SETTINGS, 0, 0, &none),
                _ => frame(WINDOW_UPDATE, 0, 0, &most),
            })
        });
        let poured = poured.await;
        assert_eq!(closed(&poured), 50, "{poured:?}");
        format!("50 connections, {} frames until all were closed", total(&poured))
    })
    .await;
}
