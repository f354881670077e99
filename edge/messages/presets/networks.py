"""Presets of radio networks, controllers and collectors, of which one message holds the readings of one or of many sensors."""

from edge.messages.presets.known import by_key, counters, units
from edge.messages.rule import IngestRule

TRUTH = {"true": 1.0, "false": 0.0}

# `received_at` is when the network server got the uplink, in UTC.
THE_THINGS_STACK = (
    IngestRule(
        topic="v3/{application}/devices/{device}/up",
        series="{device}.{key}",
        time="received_at",
        value="uplink_message.decoded_payload.*",
        map=TRUTH,
    ),
)

# Version 4 has the time of the uplink; version 3 has it per gateway at best, so the time of arrival counts.
CHIRPSTACK, CHIRPSTACK_V3 = (
    (
        IngestRule(
            topic="application/{application}/device/{device}/event/up",
            series="{device}.{key}",
            time=time,
            value="object.*",
            map=TRUTH,
        ),
    )
    for time in ("time", "")
)

# All sensors of a receiver publish to one topic. Their `time` is the receiver's wall clock, without a zone unless it is told to
# write one, so the time of arrival counts. Not every sensor has a channel or an address.
RTL_433 = (
    IngestRule(
        topic="rtl_433/{receiver}/events",
        skip=("rtl_433/+/devices/#",),  # the same values again
        series="{$.model}.{$.channel|0}.{$.id|0}.{key}",
        time="",
        value="*",
        values=by_key(
            counters("mm", "rain_mm"),
            counters("in", "rain_in"),
            counters("kWh", "energy_kWh"),
            units("°C", "temperature_C", "temperature_1_C", "temperature_2_C"),
            units("°F", "temperature_F"),
            units("%", "humidity", "moisture"),
            units("hPa", "pressure_hPa"),
            units("kPa", "pressure_kPa"),
            units("m/s", "wind_avg_m_s", "wind_max_m_s"),
            units("km/h", "wind_avg_km_h", "wind_max_km_h"),
            units("°", "wind_dir_deg"),
            units("lx", "light_lux"),
            units("W", "power_W"),
            units("A", "current_A"),
            units("V", "voltage_V"),
        ),
        drop=(
            *("battery_ok", "rssi", "snr", "noise", "freq", "freq1", "freq2", "protocol", "mod", "subtype"),
            *(
                "button",
                "unit",
                "group",
                "code",
                "sequence_num",
                "sid",
                "house_code",
                "msg_type",
                "flags",
                "startup",
                "pairing",
                "connected",
                "tx_*",
            ),
        ),
    ),
)

# Each tag has its own time, in milliseconds, and its quality: where that is bad, the value is an old one or none.
KEPSERVER = tuple(
    IngestRule(
        topic=topic,
        each="values",
        valid="q",
        series="{$.id}",
        value="v",
        time="t",
        time_unit="ms",
        map=TRUTH,
    )
    for topic in ("iotgateway", "iotgateway/{source...}")
)

# Every tag is part of a name, or two disks of one computer would be one series. What Telegraf counts since the start of a
# computer begins again with it, which a counter may.
_TELEGRAF_KNOWN = by_key(
    counters("B", "bytes_sent", "bytes_recv", "read_bytes", "write_bytes"),
    counters("", "packets_sent", "packets_recv", "err_in", "err_out", "drop_in", "drop_out", "reads", "writes", "interrupts"),
    counters("", "context_switches", "processes_forked"),
    counters("s", "time_*"),
    units("%", "usage_*", "*percent"),
)
_TELEGRAF_DROP = ("uptime", "boot_time", "n_cpus", "n_physical_cpus", "n_unique_users", "n_users")

TELEGRAF = (
    IngestRule(
        topic="telegraf/{path...}",
        format="line_protocol",
        value="fields.*",
        values=_TELEGRAF_KNOWN,
        drop=_TELEGRAF_DROP,
    ),
)

# One metric a message, or many of them under `metrics`.
TELEGRAF_JSON = tuple(
    IngestRule(
        topic="telegraf/{path...}",
        each=each,
        series="{$.name}:{$.tags|-}:{key}",
        tags={"*": "{$.tags}"},
        value="fields.*",
        values=_TELEGRAF_KNOWN,
        drop=_TELEGRAF_DROP,
        time="timestamp",
        time_unit="s",
    )
    for each in (None, "metrics")
)
