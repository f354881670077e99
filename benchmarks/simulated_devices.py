"""What each kind of device publishes; the payloads have the shapes of real ones, names and values are made up."""

from collections.abc import Iterator

from device_signals import counter, level, noise, phase, state
from simulated_messages import Document, Published, local, plain, report, utc, words


def tasmota(name: str, moment: float) -> Iterator[Published]:
    """SENSOR and STATE of one of five boards."""
    document: Document = {"Time": local(moment)}
    board = int(phase(name) * 5)
    if board == 0:
        air = {f"{key}": level(key.lower(), name + key, moment) for key in ("Temperature", "Humidity")}
        document["AM2301"] = air | {"DewPoint": level("outdoor", name + "dew", moment)}
    elif board == 1:
        for probe in ("DS18B20-1", "DS18B20-2", "DS18B20-3"):
            code = f"0{int(phase(name + probe) * 16**8):011X}"
            document[probe] = {"Id": code, "Temperature": level("temperature", name + probe, moment)}
    elif board == 2:
        document["ENERGY"] = {
            "TotalStartTime": "2025-03-01T11:22:33",
            "Total": counter(name, moment),
            "Yesterday": round(3 + phase(name), 3),
            "Today": round(counter(name, moment) % 5, 3),
            "Period": int(level("power", name + "period", moment)) % 9,
            **{key: int(level("power", name + key, moment)) for key in ("Power", "ApparentPower", "ReactivePower")},
            "Factor": round(0.8 + 0.1 * noise(name, moment), 2),
            "Voltage": int(level("voltage", name, moment)),
            "Current": level("current", name, moment),
        }
    elif board == 3:
        air = {key: level(key.lower(), name + key, moment) for key in ("Temperature", "Humidity", "Pressure")}
        document |= {"BME280": air | {"DewPoint": level("outdoor", name + "dew", moment)}, "PressureUnit": "hPa"}
    else:
        document |= {
            "ANALOG": {"A0": int(level("co2", name, moment))},
            "SHT3X-0x44": {"Temperature": level("temperature", name, moment), "Humidity": level("humidity", name, moment)},
        }
    yield report(f"tele/{name}/SENSOR", document | ({"TempUnit": "C"} if board != 2 else {}))
    wifi = {"AP": 1, "SSId": "iot", "BSSId": "00:11:22:33:44:55", "Channel": 6, "RSSI": 66, "Signal": -67, "LinkCount": 1}
    usage = {"UptimeSec": int(moment % 900_000), "Heap": 25, "SleepMode": "Dynamic", "Sleep": 50, "LoadAvg": 19, "MqttCount": 3}
    power = "ON" if state(name, moment) else "OFF"
    status = {"Time": local(moment), "Uptime": "3T04:05:06", **usage, "POWER": power, "Wifi": wifi | {"Downtime": "0T00:00:03"}}
    yield report(f"tele/{name}/STATE", status)


def zigbee(name: str, moment: float) -> Iterator[Published]:
    """Climate, plug, contact or motion."""
    kind = name.rsplit("_", 1)[0].rsplit("/", 1)[-1]
    document: Document = {}
    battery = {"battery": level("battery", name, moment), "voltage": int(level("cell", name, moment) * 1000)}
    if kind == "climate":
        air = {key: level(key, name + key, moment) for key in ("temperature", "humidity", "pressure")}
        document = battery | air
    elif kind == "plug":
        metered = {"energy": counter(name, moment, digits=2), "power": level("power", name, moment)}
        document = metered | {"current": level("current", name, moment), "voltage": int(level("voltage", name, moment))}
        document |= {"state": "ON" if state(name, moment) else "OFF", "update": {"state": "idle"}}
    elif kind == "contact":
        document = battery | {
            "contact": state(name, moment),
            "tamper": False,
            "device_temperature": level("outdoor", name, moment),
        }
    else:
        document = battery | {"occupancy": state(name, moment), "illuminance": level("light", name, moment)}
        document |= {"illuminance_lux": level("light", name + "lux", moment), "last_seen": utc(moment)}
    yield report(f"zigbee2mqtt/{name}", document | {"linkquality": level("quality", name, moment)})


def _switch(name: str, moment: float) -> Document:
    warm = level("temperature", name + "board", moment)
    return {
        "id": 0,
        "source": "mqtt",
        "output": state(name, moment),
        "apower": level("power", name, moment),
        "voltage": level("voltage", name, moment),
        "current": level("current", name, moment),
        "aenergy": {"total": counter(name, moment, per_hour=200), "by_minute": [0.0, 12.5, 3.1], "minute_ts": int(moment)},
        "temperature": {"tC": warm, "tF": round(warm * 1.8 + 32, 1)},
    }


def shelly_status(name: str, moment: float) -> Iterator[Published]:
    """Generic status of a plug with an add-on."""
    yield report(f"{name}/status/switch:0", _switch(name, moment))
    warm = level("temperature", name + "100", moment)
    yield report(f"{name}/status/temperature:100", {"id": 100, "tC": warm, "tF": round(warm * 1.8 + 32, 1)})
    yield report(f"{name}/status/humidity:100", {"id": 100, "rh": level("humidity", name, moment)})


def shelly_events(name: str, moment: float) -> Iterator[Published]:
    """RPC notifications, which are on where the generic status is off."""
    parts = {"ts": round(moment, 2), "switch:0": _switch(name, moment)}
    document = {"src": name, "dst": f"{name}/events", "method": "NotifyStatus", "params": parts}
    yield report(f"{name}/events/rpc", document)


def shelly_first(name: str, moment: float) -> Iterator[Published]:
    """A relay of the first generation."""
    yield plain(f"shellies/{name}/relay/0/power", level("power", name, moment))
    yield plain(f"shellies/{name}/relay/0/energy", int(counter(name, moment, per_hour=9000)))
    yield plain(f"shellies/{name}/temperature", level("temperature", name, moment))
    yield words(f"shellies/{name}/relay/0", "on" if state(name, moment) else "off")


def esphome(name: str, moment: float) -> Iterator[Published]:
    """Three sensors, each with a topic of its own."""
    for sensor, shape in (("temperature", "temperature"), ("humidity", "humidity"), ("co2", "co2")):
        yield plain(f"{name}/sensor/{name}_{sensor}/state", level(shape, name + sensor, moment))


def chirpstack(name: str, moment: float) -> Iterator[Published]:
    """An uplink of version 4."""
    euis = {"devEui": name, "deviceName": f"field-{name[-3:]}", "applicationName": "farm", "tenantName": "us"}
    radio = {"gatewayId": "0016c001ff10a235", "rssi": level("signal", name, moment), "snr": 9.2, "channel": 3}
    document = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": utc(moment),
        "deviceInfo": euis | {"applicationId": "17c82e96", "deviceProfileName": "soil"},
        "devAddr": "00189440",
        "dr": 5,
        "fCnt": int(moment // 600) % 65536,
        "fPort": 2,
        "confirmed": False,
        "data": "qg==",
        "object": {
            "soil": {"moisture": level("percent", name, moment), "temperature": level("outdoor", name, moment)},
            "battery_voltage": level("cell", name, moment),
        },
        "rxInfo": [radio],
        "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}},
    }
    yield report(f"application/17c82e96/device/{name}/event/up", document)


def things_stack(name: str, moment: float) -> Iterator[Published]:
    """An uplink of The Things Stack, version 3."""
    radio = {"gateway_ids": {"gateway_id": "roof"}, "rssi": level("signal", name, moment), "channel_rssi": -53, "snr": 8.2}
    decoded = {"temperature": level("outdoor", name, moment), "humidity": level("humidity", name, moment)}
    uplink = {
        "session_key_id": "AXBSH1Pk9Z0G1CwKkKz5kg==",
        "f_port": 1,
        "f_cnt": int(moment // 600) % 65536,
        "frm_payload": "AQIDBA==",
        "decoded_payload": decoded | {"battery": level("cell", name, moment), "door": "closed"},
        "rx_metadata": [radio],
        "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868500000"},
        "received_at": utc(moment - 0.2),
    }
    ids = {"device_id": name, "application_ids": {"application_id": "garden"}, "dev_eui": "0004A30B001C0530"}
    yield report(
        f"v3/garden@ttn/devices/{name}/up", {"end_device_ids": ids, "received_at": utc(moment), "uplink_message": uplink}
    )


def rtl_433(name: str, moment: float) -> Iterator[Published]:
    """Radio sensors of one receiver: all in one topic, and each number again in a topic of its own, where it is not counted."""
    first = int(phase(name) * 4096)  # another receiver hears other sensors
    for model, number, channel in (("Nexus-TH", 1, 1), ("Nexus-TH", 2, 2), ("Acurite-Tower", 3, "A"), ("Prologue-TH", 4, 3)):
        sensor = first + number
        whose = f"{model}/{channel}/{sensor}"
        air = {
            "temperature_C": level("outdoor", name + whose, moment),
            "humidity": int(level("humidity", name + whose, moment)),
        }
        document = {"time": utc(moment)[:19].replace("T", " ") + "Z", "model": model, "id": sensor, "channel": channel}
        yield report(f"rtl_433/{name}/events", document | {"battery_ok": 1} | air | {"mic": "CRC"}, whose)
        for key, value in air.items():
            yield words(f"rtl_433/{name}/devices/{whose}/{key}", str(value))


def statestream(name: str, moment: float) -> Iterator[Published]:
    """State and attributes of an entity of Home Assistant."""
    shape = name.rsplit("_", 1)[1]
    value = level(shape, name, moment)
    topic = f"homeassistant/sensor/{name}/state"
    if noise(name, moment) > 0.99:  # it was away, and comes back
        yield words(topic, "unavailable")
    yield plain(topic, value)
    yield words(f"homeassistant/sensor/{name}/unit_of_measurement", '"°C"' if shape == "temperature" else '"%"')
    yield words(f"homeassistant/sensor/{name}/last_changed", f'"{utc(moment)}"')


def evcc(name: str, moment: float) -> Iterator[Published]:
    """Site and two charging points."""
    for site in ("homePower", "pvPower", "grid/power", "battery/power", "battery/soc", "pv/1/power", "greenShareHome"):
        yield plain(f"{name}/site/{site}", level("battery" if "soc" in site else "power", site, moment), retained=True)
    yield plain(f"{name}/site/grid/energy", counter("grid", moment, per_hour=1.2), retained=True)
    for point in (1, 2):
        topic = f"{name}/loadpoints/{point}"
        for key in ("chargePower", "chargeCurrent", "vehicleSoc", "chargedEnergy"):
            yield plain(f"{topic}/{key}", level("power", f"{topic}/{key}", moment), retained=True)
        yield plain(f"{topic}/chargeTotalImport", counter(topic, moment, per_hour=0.7), retained=True)
        yield words(f"{topic}/charging", "true" if state(topic, moment) else "false", retained=True)
        yield words(f"{topic}/mode", "pv", retained=True)


def openevse(name: str, moment: float) -> Iterator[Published]:
    """Every value of a charger in a topic of its own."""
    for key, shape in (
        ("amp", "power"),
        ("voltage", "voltage"),
        ("temp1", "temperature"),
        ("temp2", "temperature"),
        ("pilot", "battery"),
    ):
        yield plain(f"{name}/{key}", int(level(shape, name + key, moment)))
    yield plain(f"{name}/wh", int(counter(name, moment, per_hour=900)))
    yield plain(f"{name}/session_energy", int(level("power", name + "session", moment)))
    yield plain(f"{name}/srssi", level("signal", name, moment))
    yield plain(f"{name}/freeram", 150_000)
    yield words(f"{name}/status", "active")


def kepserver(name: str, moment: float) -> Iterator[Published]:
    """Tags of a controller in one list."""
    tags = {
        f"{name}.PLC1.{tag}": level(tag.lower(), name + tag, moment) for tag in ("Temperature", "Pressure", "Power", "Current")
    }
    tags[f"{name}.PLC1.Meter"] = counter(name, moment)
    values: list[Document] = [{"id": key, "v": value, "q": True, "t": int(moment * 1000)} for key, value in tags.items()]
    values.append({"id": f"{name}.PLC1.Running", "v": state(name, moment), "q": True, "t": int(moment * 1000)})
    yield report(f"iotgateway/{name}", {"timestamp": int(moment * 1000), "values": values})


def telegraf(name: str, moment: float) -> Iterator[Published]:
    """Three measurements of a computer in line protocol."""
    for measurement, tags, fields in (
        ("cpu", ",cpu=cpu-total", ("usage_idle", "usage_user", "usage_system")),
        ("mem", "", ("used_percent", "available_percent")),
        ("system", "", ("load1", "load5")),
    ):
        values = {key: level("percent", name + key, moment) for key in fields}
        topic = f"telegraf/{name}/{measurement}"
        pairs = ",".join(f"{key}={value!r}" for key, value in values.items())
        line = f"{measurement}{tags},host={name} {pairs} {int(moment)}000000000\n"
        yield Published(topic, line.encode(), {f"{topic} .{key}": value for key, value in values.items()})


def own_sensor(name: str, moment: float) -> Iterator[Published]:
    """A sensor of one's own, as a plain number or as JSON with a time."""
    topic, shape = f"sensors/{name}", name.rsplit("/", 1)[1]
    value = level(shape, name, moment)
    if phase(name) < 0.5:
        yield plain(topic, value)
    else:
        yield report(topic, {"value": value, "time": utc(moment), "unit": "x"})
