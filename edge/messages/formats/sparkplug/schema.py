"""The part of Sparkplug B's payload that holds measurements, as protobuf messages.

Numbers and types of the fields are those of the Sparkplug specification 3.0, chapter 6. What is not needed has the type of its
bytes: a text is decoded where it is used, and a table or a template is not opened at all, however deep it is.
"""

import functools
from dataclasses import dataclass
from typing import Any

from edge.errors import ConfigurationError, PayloadError
from edge.quoting import quoted


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Args:
        name: name in the specification.
        number: number on the wire.
        kind: type as protobuf calls it.
        message: name of the message that it holds, for the kind `message`.
        repeated: whether there may be several.
        choice: whether it is one of the kinds of value, of which a metric has one.
    """

    name: str
    number: int
    kind: str
    message: str = ""
    repeated: bool = False
    choice: bool = False


VALUES = (
    ("int_value", "uint32"),
    ("long_value", "uint64"),
    ("float_value", "float"),
    ("double_value", "double"),
    ("boolean_value", "bool"),
    ("string_value", "bytes"),
    ("bytes_value", "bytes"),
    ("dataset_value", "bytes"),
    ("template_value", "bytes"),
    ("extension_value", "bytes"),
)
MESSAGES = {
    "PropertyValue": (Field("int_value", 3, "uint32"), Field("string_value", 8, "bytes")),
    "PropertySet": (
        Field("keys", 1, "bytes", repeated=True),
        Field("values", 2, "message", "PropertyValue", repeated=True),
    ),
    "Metric": (
        Field("name", 1, "bytes"),
        Field("alias", 2, "uint64"),
        Field("timestamp", 3, "uint64"),
        Field("datatype", 4, "uint32"),
        Field("is_historical", 5, "bool"),
        Field("is_transient", 6, "bool"),
        Field("is_null", 7, "bool"),
        Field("properties", 9, "message", "PropertySet"),
        *(Field(name, number, kind, choice=True) for number, (name, kind) in enumerate(VALUES, 10)),
    ),
    "Payload": (
        Field("timestamp", 1, "uint64"),
        Field("metrics", 2, "message", "Metric", repeated=True),
        Field("seq", 3, "uint64"),
    ),
}


@functools.cache
def payload_class() -> Any:  # noqa: ANN401 - the class is made here, and no checker can know it
    """The class of payloads, which protobuf makes: `FromString` reads bytes, `SerializeToString` gives them.

    Raises:
        ConfigurationError: protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415 - of an extra
    except ImportError as error:
        text = 'format "sparkplug" needs the package protobuf; install it with: pip install "gatecast[sparkplug]"'
        raise ConfigurationError(text) from error
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="gatecast/sparkplug.proto", package="gatecast", syntax="proto2")
    for title, fields in MESSAGES.items():
        message = file.message_type.add(name=title)
        for field in fields:
            entry = message.field.add(name=field.name, number=field.number)
            entry.type = getattr(kinds, f"TYPE_{field.kind.upper()}")
            entry.label = kinds.LABEL_REPEATED if field.repeated else kinds.LABEL_OPTIONAL
            if field.message:
                entry.type_name = f".gatecast.{field.message}"
            if field.choice:
                entry.oneof_index = 0
        if any(field.choice for field in fields):
            message.oneof_decl.add(name="value")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("gatecast.Payload"))


def parse_payload(data: bytes) -> Any:  # noqa: ANN401 - of the class that is made here
    """The payload in some bytes.

    Raises:
        PayloadError: they are none (`bad_payload`).
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - of an extra

    try:
        return payload_class().FromString(data)
    except DecodeError as error:
        raise PayloadError("bad_payload", f"expected a payload of Sparkplug B, got {quoted(data)}") from error
