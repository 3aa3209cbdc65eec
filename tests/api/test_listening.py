"""The listening socket: an address that is let go of is waited for."""

import socket
import threading
from contextlib import closing

from lyftr_http.server.listening import bind


def test_an_address_that_is_let_go_of_soon_is_waited_for() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    letting_go = threading.Timer(0.3, taken.close)
    letting_go.start()
    with closing(bind("127.0.0.1", port)) as listening:
        assert listening.getsockname()[1] == port
    letting_go.join()
