from pathlib import Path

import msgspec
import pytest

from bench.load import LoadFailed, join, parse_result
from bench.request_file import SECRET, write_requests
from lyftr_core import HexHmacSha256, SignedRequest, parse

OUTPUT = """\
Running 10m test @ http://127.0.0.1:8000/webhook
  1 threads and 64 connections
finished
  1000 requests in 0.51s, 110.35KB read
Requests/sec:   1960.78
result {"sent":1000,"answered":1000,"began":50.5,"seconds":0.499500,"p50_us":6620,"p99_us":9300,\
"statuses":{"200":990,"204":1,"503":9},"errors":{"connect":0,"read":0,"write":0,"timeout":0}}
"""


def test_the_result_is_found_in_what_wrk_writes() -> None:
    load = parse_result(OUTPUT)
    assert (load.answered, load.p50_us, load.p99_us) == (1000, 6620, 9300)
    assert load.acknowledged == 991
    assert load.refused == {503: 9}
    assert load.rate == pytest.approx(2000)


def test_two_at_the_same_time_last_from_the_first_answer_to_the_last_of_both() -> None:
    first = parse_result(OUTPUT)
    second = msgspec.structs.replace(first, began=51.0, p99_us=12_000, statuses={200: 1000})
    both = join([first, second])
    assert (both.sent, both.answered, both.p99_us) == (2000, 2000, 12_000)
    assert both.seconds == pytest.approx(0.9995)
    assert both.statuses == {200: 1990, 204: 1, 503: 9}


def test_without_a_result_the_output_is_shown() -> None:
    with pytest.raises(LoadFailed, match="unable to connect"):
        parse_result("unable to connect to 127.0.0.1:8000\n")


def test_written_requests_are_whole_distinct_and_signed(tmp_path: Path) -> None:
    requests = split(write_requests(tmp_path / "requests", "seed", 50).read_bytes())
    messages = [parse(HexHmacSha256(SECRET).verify(request)) for request in requests]
    assert len({message.message_id for message in messages}) == 50
    assert 200 < sum(len(request.body) for request in requests) / 50 < 300
    for request in requests:
        assert request.header_values(b"content-length") == [b"%d" % len(request.body)]
        assert msgspec.json.decode(request.body)["to"].startswith("+1415555")


def split(content: bytes) -> list[SignedRequest]:
    requests = []
    while content:
        length = int(content[:6])
        head, _, body = content[6 : 6 + length].partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        assert first == b"POST /webhook HTTP/1.1"
        headers = [line.split(b": ", 1) for line in lines]
        requests.append(
            SignedRequest(tuple((name.lower(), value) for name, value in headers), body)
        )
        content = content[6 + length :]
    return requests
