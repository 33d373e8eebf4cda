//! A store on the own machine: as much of S3 as is asked of it here, with faults when a test wants
//! them.
//!
//! `/bucket/key` is an object: GET with a range, If-Match; PUT with If-None-Match; GET of
//! `/bucket?list-type=2` with a prefix.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};

/// What a request gets instead of what it asked for.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status.
    Status(u16),
    /// The answer after a while.
    Slow(Duration),
    /// Half the bytes, and the end of the connection.
    Short,
    /// Half the bytes, as if they were what was asked for.
    Lying,
    /// The whole object, as from a server without ranges.
    Whole,
    /// What it asked for, without a look at the tag.
    AnyTag,
}

/// When a request gets a fault: given what it is and how many of its kind came before.
type Faults = Box<dyn Fn(&str, &str, usize) -> Option<Fault> + Send>;

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Arc<[u8]>, u64)>,
    versions: u64,
    faults: Option<Faults>,
    counts: HashMap<String, usize>,
    /// Method, object and range of each request.
    log: Vec<(String, String, Option<Range<u64>>)>,
}

/// A server, and what it has.
#[allow(missing_debug_implementations)]
pub struct ObjectServer {
    /// Where it listens, on the own machine.
    pub port: u16,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl ObjectServer {
    /// Starts one on a free port, which answers as long as the process lives.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || while serve(&stream, &state).is_some() {});
            }
        });
        Self { port, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Stores an object, in place of another of its name.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let mut state = self.state();
        state.versions += 1;
        let version = state.versions;
        state.objects.insert(key.into(), (bytes.into(), version));
    }

    /// The bytes of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.state()
            .objects
            .get(key)
            .map(|(bytes, _)| bytes.to_vec())
    }

    /// From now on, by method, object and number of the request for it.
    pub fn fail(&self, faults: impl Fn(&str, &str, usize) -> Option<Fault> + Send + 'static) {
        let mut state = self.state();
        state.counts.clear();
        state.faults = Some(Box::new(faults));
    }

    /// What was asked since it was last called.
    pub fn log(&self) -> Vec<(String, String, Option<Range<u64>>)> {
        std::mem::take(&mut self.state().log)
    }
}

fn request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

fn answer(
    mut stream: &TcpStream,
    status: u16,
    headers: &str,
    body: &[u8],
    stated: usize,
) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {stated}\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    (body.len() == stated).then_some(())
}

/// Answers one request; `None` where the connection is over.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let request = request(stream)?;
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let key = path.trim_start_matches('/').to_owned();
    let range = request.headers.get("range").and_then(|range| {
        let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some(start.parse().ok()?..end.parse::<u64>().ok()? + 1)
    });
    let fault = {
        let mut state = state.lock().unwrap();
        state
            .log
            .push((request.method.clone(), key.clone(), range.clone()));
        let count = state
            .counts
            .entry(format!("{} {key}", request.method))
            .or_default();
        let number = *count;
        *count += 1;
        state
            .faults
            .as_ref()
            .and_then(|faults| faults(&request.method, &key, number))
    };
    match fault {
        Some(Fault::Status(status)) => return answer(stream, status, "", b"", 0),
        Some(Fault::Slow(time)) => thread::sleep(time),
        _ => {}
    }
    if request.method == "PUT" {
        return put(stream, state, &request, key);
    }
    if query.contains("list-type=2") {
        return list(stream, state, query);
    }
    let Some((bytes, version)) = state.lock().unwrap().objects.get(&key).cloned() else {
        return answer(stream, 404, "", b"", 0);
    };
    let tag = format!("ETag: \"{version}\"\r\n");
    let tag_fits = request
        .headers
        .get("if-match")
        .is_none_or(|wanted| *wanted == format!("\"{version}\""));
    if !tag_fits && !matches!(fault, Some(Fault::AnyTag)) {
        return answer(stream, 412, "", b"", 0);
    }
    let size = bytes.len();
    let Some(range) = range.filter(|_| !matches!(fault, Some(Fault::Whole))) else {
        return answer(stream, 200, &tag, &bytes, size);
    };
    if range.start as usize >= size {
        return answer(stream, 416, "", b"", 0);
    }
    let end = (range.end as usize).min(size);
    let mut part = &bytes[range.start as usize..end];
    let stated = part.len();
    if matches!(fault, Some(Fault::Short | Fault::Lying)) {
        part = &part[..stated / 2];
    }
    let (stated, last) = match fault {
        Some(Fault::Lying) => (part.len(), range.start as usize + part.len() - 1),
        _ => (stated, end - 1),
    };
    answer(
        stream,
        206,
        &format!(
            "{tag}Content-Range: bytes {}-{last}/{size}\r\n",
            range.start
        ),
        part,
        stated,
    )
}

fn put(stream: &TcpStream, state: &Mutex<State>, request: &Request, key: String) -> Option<()> {
    let mut state = state.lock().unwrap();
    if request
        .headers
        .get("if-none-match")
        .is_some_and(|tag| tag == "*")
        && state.objects.contains_key(&key)
    {
        return answer(stream, 412, "", b"", 0);
    }
    state.versions += 1;
    let version = state.versions;
    let body = request.body.as_slice();
    state.objects.insert(key, (body.into(), version));
    drop(state);
    answer(stream, 200, &format!("ETag: \"{version}\"\r\n"), b"", 0)
}

fn list(stream: &TcpStream, state: &Mutex<State>, query: &str) -> Option<()> {
    let prefix = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("prefix="))
        .unwrap_or("")
        .replace("%2F", "/");
    let state = state.lock().unwrap();
    let found = state.objects.iter().filter_map(|(key, (bytes, version))| {
        let key = key.strip_prefix("bucket/")?;
        let is_there = key.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/'));
        is_there.then(|| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"{version}\"</ETag><Size>{}</Size></Contents>",
                bytes.len()
            )
        })
    });
    let contents: String = found.collect();
    let body = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
    );
    answer(
        stream,
        200,
        "Content-Type: application/xml\r\n",
        body.as_bytes(),
        body.len(),
    )
}
