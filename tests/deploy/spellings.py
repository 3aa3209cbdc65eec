"""Ways to write one path, which a proxy and the server behind it may read differently."""

import re

import httpx

__all__ = ["assert_hidden", "hidden_paths", "spellings"]


def hidden_paths(configuration: str) -> list[str]:
    """Return the paths to which a configuration of nginx answers 404 itself."""
    return re.findall(r"location \S+ (/\S+) \{ return 404; \}", configuration)


def spellings(path: str) -> list[str]:
    """Return the targets of requests; each of them may be taken for the path."""
    escaped = f"/%{ord(path[1]):02X}{path[2:]}"
    return [
        *(path, f"{path}/", f"/{path}", f"{path}//", f"{path}/.", f"/.{path}", f"/a/..{path}"),
        *(f"{path}/x/..", escaped, f"{escaped}/", f"{path}%2F", f"/%2F{path[1:]}", f"{path}%00"),
        *(f"{path}?a", f"{path}/?a", f"{path}#a", f"{path};a", f"{path}%3Fa", f"{path}%20"),
        *(path.upper(), f"{path}\\", f"/.%2F{path[1:]}", f"/a/%2E%2E{path}", f"{path}/%2E"),
        *(f"http://inbox.example.com{path}", f"http://inbox.example.com{path}/"),
    ]


def assert_hidden(client: httpx.Client, path: str, shown: str) -> None:
    """See that no spelling of a path gets through a proxy.

    Args:
        client: Asks the proxy.
        path: The hidden path.
        shown: What the server behind the proxy answers there.
    """
    for target in spellings(path):
        answer = client.get("/", extensions={"target": target.encode()})
        assert answer.status_code in {400, 404}, target
        assert shown not in answer.text
        if target.startswith(path):  # then it is the proxy that answers, whatever is behind it
            assert "x-request-id" not in answer.headers, target
