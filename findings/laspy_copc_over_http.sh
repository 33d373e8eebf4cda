#!/bin/sh
# laspy 2.7.0: a COPC file on an HTTP server that knows no ranges is read as empty, without an error; and 503 is not tried again.
#
# `CopcReader.open(URL)` reads by Range requests (copc.py: `HttpRangeStream.read`) and takes whatever body a success has. A server may ignore Range and
# answer 200 with the whole file, as that of Python's standard library (`python -m http.server`) does. The first bytes are the header, so the file opens;
# the page of the hierarchy is then the beginning of the file again, its root is not in there, and each query has 0 points. Each of the five requests
# carries the whole file. A reader has to look for status 206, or at the length of the body.
#
# Of statuses, 500, 502 and 504 are tried three times more; 503, which S3 answers when it is asked too often ("Slow Down"), ends the query with an error.
#
# Seen: "from the file 1000 points; by ranges 1000; without ranges 0 in 5 requests of the whole file; after one 500: 1000; after one 503: HTTPError".
# Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install laspy==2.7.0 lazrs==0.8.2 copclib==2.6.3 requests==2.34.2 numpy==2.4.6
cd "$folder"
cat > finding.py <<'PYTHON'
import http.server
import threading

import copclib
import laspy
import numpy as np

header = laspy.LasHeader(point_format=6, version="1.4")
header.scales, header.offsets = [0.01] * 3, [0.0] * 3
points = laspy.LasData(header)
points.x, points.y, points.z = np.random.default_rng(1).uniform(0, 100, (3, 1000))
config = copclib.CopcConfigWriter(6, copclib.Vector3(*header.scales), copclib.Vector3(*header.offsets))
config.las_header.min, config.las_header.max = copclib.Vector3(0, 0, 0), copclib.Vector3(100, 100, 100)
info = config.copc_info
info.center_x = info.center_y = info.center_z = info.halfsize = 50.01
info.spacing = 1.6
writer = copclib.FileWriter("points.copc.laz", config)
raw = np.ascontiguousarray(points.points.array).view(np.int8)
writer.AddNode(copclib.VoxelKey(0, 0, 0, 0), copclib.VectorChar(raw))
writer.Close()
FILE = open("points.copc.laz", "rb").read()


class Ranges(http.server.SimpleHTTPRequestHandler):
    """With ranges, unless the server has none; the third request may end with another status."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requests += 1
        if self.server.requests == 3 and self.server.status:
            self.send_response(self.server.status)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if not self.server.ranges:
            return super().do_GET()
        first, last = map(int, self.headers["Range"].split("=")[1].split("-"))
        body = FILE[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(FILE)}")
        self.end_headers()
        self.wfile.write(body)


def query(source):
    with laspy.CopcReader.open(source) as reader:
        return len(reader.query(laspy.copc.Bounds(np.zeros(3), np.full(3, 100.0))))


def over_http(ranges, status=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
    server.ranges, server.status, server.requests = ranges, status, 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return query(f"http://127.0.0.1:{server.server_port}/points.copc.laz"), server.requests
    except Exception as error:
        return type(error).__name__, server.requests
    finally:
        server.shutdown()


without, requests = over_http(False)
print(
    f"from the file {query('points.copc.laz')} points; by ranges {over_http(True)[0]}; without ranges {without} in {requests} requests of the whole file; "
    f"after one 500: {over_http(True, 500)[0]}; after one 503: {over_http(True, 503)[0]}"
)
PYTHON
"$folder/venv/bin/python" finding.py | tee out.txt
grep -q "^from the file 1000 points; by ranges 1000; without ranges 0 in 5 requests of the whole file; after one 500: 1000; after one 503: HTTPError$" out.txt
