"""The API of the stand-in cluster over HTTP, as far as dagster-k8s asks for it."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.kubernetes.cluster import Body, Cluster

_JOBS = re.compile(r"/apis/batch/v1/namespaces/([^/]+)/jobs(?:/([^/]+))?(?:/status)?")
_PODS = re.compile(r"/api/v1/namespaces/([^/]+)/pods(?:/([^/]+))?(/log)?")
_EVENTS = re.compile(r"/api/v1/namespaces/[^/]+/events")
_GONE = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
_DONE = {"kind": "Status", "status": "Success"}
_THERE = {"kind": "Status", "status": "Failure", "reason": "AlreadyExists", "code": 409}
Answer = tuple[int, Body | str]


def _jobs(cluster: Cluster, method: str, namespace: str, name: str, body: Body) -> Answer:
    if method == "POST":
        made = cluster.create(namespace, body)
        return (201, cluster.jobs[body["metadata"]["name"]]) if made else (409, _THERE)
    if method == "DELETE":
        return (200, _DONE) if cluster.delete_job(name) else (404, _GONE)
    if name:
        return (200, cluster.jobs[name]) if name in cluster.jobs else (404, _GONE)
    return 200, {"kind": "JobList", "apiVersion": "batch/v1", "items": [*cluster.jobs.values()]}


def _pods(cluster: Cluster, method: str, path: re.Match[str], selector: str) -> Answer:
    namespace, name, log = path.groups()
    if name is None:
        wanted = dict(part.split("=", 1) for part in selector.replace("==", "=").split(",") if part)
        pods = [p for p in cluster.pods.values() if wanted.items() <= p.labels.items()]
        items = [pod.body(namespace) for pod in pods]
        return 200, {"kind": "PodList", "apiVersion": "v1", "items": items}
    if name not in cluster.pods:
        return 404, _GONE
    if log:
        return 200, (cluster.logs / f"{name}.log").read_text(errors="replace")
    if method == "DELETE":
        cluster.delete_pod(name)
        return 200, _DONE
    return 200, cluster.pods[name].body(namespace)


def _answer(cluster: Cluster, method: str, path: str, body: Body) -> Answer:
    url = urlsplit(path)
    selector = parse_qs(url.query).get("labelSelector", [""])[0]
    if found := _JOBS.fullmatch(url.path):
        return _jobs(cluster, method, found[1], found[2] or "", body)
    if found := _PODS.fullmatch(url.path):
        return _pods(cluster, method, found, selector)
    if _EVENTS.fullmatch(url.path):
        return 200, {"kind": "EventList", "apiVersion": "v1", "items": []}
    return 404, _GONE


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            status, answer = _answer(cluster, self.command, self.path, body)
            told = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_DELETE = _serve  # names that the base class looks for

    return Handler


@contextmanager
def served(cluster: Cluster, kubeconfig: Path) -> Iterator[None]:
    """Serve a cluster while the block lasts; clients find it by a file that is written here."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "here", "cluster": {"server": address}}],
                "users": [{"name": "me", "user": {}}],
                "contexts": [
                    {
                        "name": "here",
                        "context": {"cluster": "here", "user": "me", "namespace": "default"},
                    }
                ],
                "current-context": "here",
            }
        )
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        cluster.close()
