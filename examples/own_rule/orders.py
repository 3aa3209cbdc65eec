"""A service that takes orders: only from India, and only where the text says that it is one."""

from lyftr_core import Fault, FaultCode, InvalidMessage, Message, VerifiedBody, parse

__all__ = ["COUNTRY", "KEYWORD", "order_faults", "parse_order"]

COUNTRY = "+91"
KEYWORD = "ORDER "


def parse_order(body: VerifiedBody) -> Message:
    """Read an order; give this to `IngestMessage(..., parse=parse_order)`.

    Raises:
        InvalidMessage: It is no message, or no order; it names every faulty field.
    """
    message = parse(body)
    if faults := order_faults(message):
        raise InvalidMessage(faults)
    return message


def order_faults(message: Message) -> list[Fault]:
    """Say what makes a message no order."""
    faults = []
    if not message.sender.startswith(COUNTRY):
        faults.append(Fault("from", FaultCode.NOT_A_CHOICE, f"must begin with {COUNTRY}"))
    if not (message.text or "").startswith(KEYWORD):
        faults.append(Fault("text", FaultCode.NOT_A_CHOICE, f"must begin with {KEYWORD!r}"))
    return faults
