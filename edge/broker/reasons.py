"""What a broker gives as its reason, in plain words with what to do (MQTT 5, chapter 2.4; MQTT 3.1.1 has five of them)."""

from collections.abc import Mapping

from edge.quoting import quoted

ACCESS = "check the broker's access list"
ACCOUNT = "check the user in [mqtt] url, mqtt://user@host, and GATECAST_MQTT_PASSWORD"
URL = "check [mqtt] url"
BUSY = "the broker has more to do than it can, or is just starting; look at its log if this stays"
QUOTA = "the broker keeps too much for this account already; raise its limits, or remove sessions that nobody uses"
TOO_LARGE = "raise the largest packet in the broker's settings"
OUR_FAULT = "please report it together with the name and the version of the broker"
LOOK = "look at the broker's log"

# Why a connection is refused or ended, by the number of the reason.
ADVICE: Mapping[int, str] = {
    0x81: OUR_FAULT,
    0x82: OUR_FAULT,
    0x84: 'set the other [mqtt] version, "3.1.1" or "5"',
    0x85: "choose another [mqtt] client_id",
    0x86: ACCOUNT,
    0x87: f"{ACCOUNT}, and the broker's access list",
    0x88: BUSY,
    0x89: BUSY,
    0x8A: "the broker has shut this client out; ask whoever runs it",
    0x8B: "the broker is being stopped or started again",
    0x8C: f"the broker wants another way to log in than user and password; {ACCESS}",
    0x8D: "the network is slow or lost what we sent; raise [mqtt] keepalive if this comes often",
    0x8E: "another client uses the same client id; choose another [mqtt] client_id for one of them",
    0x93: OUR_FAULT,
    0x94: OUR_FAULT,
    0x95: TOO_LARGE,
    0x96: QUOTA,
    0x97: QUOTA,
    0x98: "somebody has ended it there by hand or by a rule; ask whoever runs the broker",
    0x9A: "the broker keeps no retained messages; leave out [publish]",
    0x9B: "set [publish] qos = 0",
    0x9C: URL,
    0x9D: URL,
    0x9F: "the broker allows fewer connections in a time; give each agent a client id of its own",
    0xA0: "the broker ends every connection after some time, which costs nothing",
}

# Why a topic filter is refused.
OF_FILTERS: Mapping[int, str] = {
    0x80: ACCESS,
    0x83: LOOK,
    0x87: ACCESS,
    0x8F: "the broker takes no such filter; check [[ingest]] topic",
    0x97: "the broker allows fewer subscriptions; use one wider [[ingest]] topic, or raise its limit",
    0x9E: "the broker has no shared subscriptions; leave out [mqtt] share, and give each agent topics of its own",
    0xA2: "the broker allows no + and # in filters; check [[ingest]] topic",
}


def reason_words(name: str, advice: str, told: object = None, server: object = None) -> str:
    """A reason with what the broker adds to it, and with what to do.

    Args:
        name: name of the reason in the standard.
        advice: words for what to do.
        told: text that the broker sent along, or None.
        server: address of the server to use in place of this one, or None.
    """
    own_words = f" ({quoted(told)})" if told else ""
    return f"{name}{own_words}; {f'set [mqtt] url to {quoted(server)}' if server else advice}"
