"""A receiver of alerts: webhook.py ADDRESS PORT FILE writes each alert it is sent as a line
STATUS ALERTNAME SERVICE.  What is posted to /broken is refused."""

import http.server
import json
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open(sys.argv[3], "a", encoding="utf-8") as lines:
            for alert in body["alerts"]:
                labels = alert["labels"]
                print(alert["status"], labels["alertname"], labels.get("service", ""), file=lines)
        self.send_response(400 if self.path == "/broken" else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Receiver)
print("ready", flush=True)
server.serve_forever()
