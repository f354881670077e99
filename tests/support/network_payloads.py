"""Payloads of radio networks, controllers and collectors, self-made after documented shapes, with the readings in them."""

from tests.support.payload_sample import Sample

_RECEIVED = "2026-11-26T17:55:10.123456789Z"
_RECEIVED_NS = 1_795_715_710_123_456_789

THINGS_STACK = (
    Sample(
        "the_things_stack",
        "uplink with decoded values",
        "v3/garden@ttn/devices/soil-7/up",
        {
            "end_device_ids": {"device_id": "soil-7", "application_ids": {"application_id": "garden"}},
            "correlation_ids": ["gs:uplink:01"],
            "received_at": _RECEIVED,
            "uplink_message": {
                "session_key_id": "AXBSH1Pk9Z0G1CwKkKz5kg==",
                "f_port": 1,
                "f_cnt": 812,
                "frm_payload": "AQIDBA==",
                "decoded_payload": {"temperature": 11.4, "soil": {"moisture": 32.5}, "door": "closed"},
                "rx_metadata": [{"gateway_ids": {"gateway_id": "roof"}, "rssi": -101, "channel_rssi": -101, "snr": 4.25}],
                "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868500000"},
                "received_at": "2026-11-26T17:55:09.9Z",
                "consumed_airtime": "0.061696s",
            },
        },
        {"soil-7.temperature": 11.4, "soil-7.soil.moisture": 32.5},
        time=_RECEIVED_NS,
    ),
    Sample(
        "the_things_stack",
        "uplink that nobody decodes",
        "v3/garden@ttn/devices/soil-8/up",
        {
            "end_device_ids": {"device_id": "soil-8"},
            "received_at": _RECEIVED,
            "uplink_message": {"f_port": 1, "f_cnt": 3, "frm_payload": "AQ==", "rx_metadata": [{"rssi": -90}]},
        },
        {},
    ),
    Sample(
        "the_things_stack",
        "tracker, with booleans and a list",
        "v3/fleet@company/devices/truck-1/up",
        {
            "received_at": _RECEIVED,
            "uplink_message": {"f_cnt": 1, "decoded_payload": {"lat": 52.5, "moving": True, "cells": [3.1, 3.2]}},
        },
        {"truck-1.lat": 52.5, "truck-1.moving": 1.0, "truck-1.cells.0": 3.1, "truck-1.cells.1": 3.2},
    ),
)

CHIRPSTACK = (
    Sample(
        "chirpstack",
        "uplink of version 4",
        "application/17c82e96-be03/device/24e124136b502217/event/up",
        {
            "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
            "time": "2026-11-26T17:55:10.123456789+00:00",
            "deviceInfo": {"tenantName": "us", "applicationName": "farm", "deviceName": "field-217"},
            "devAddr": "00189440",
            "adr": True,
            "dr": 5,
            "fCnt": 4,
            "fPort": 85,
            "confirmed": False,
            "data": "AQ==",
            "object": {"temperature": 9.8, "humidity": 81.0, "battery": 98},
            "rxInfo": [{"gatewayId": "0016c001ff10a235", "rssi": -48, "snr": 9.0, "location": {"latitude": 52.5}}],
            "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7}}},
        },
        {"24e124136b502217.temperature": 9.8, "24e124136b502217.humidity": 81.0, "24e124136b502217.battery": 98},
        time=_RECEIVED_NS,
    ),
    Sample(
        "chirpstack",
        "uplink with nested values",
        "application/1/device/a840414e31000001/event/up",
        {"time": "2026-11-26T17:55:10Z", "fCnt": 5, "object": {"soil": {"moisture": 21.5, "ec": 310}, "alarm": False}},
        {"a840414e31000001.soil.moisture": 21.5, "a840414e31000001.soil.ec": 310, "a840414e31000001.alarm": 0.0},
    ),
    Sample(
        "chirpstack_v3",
        "uplink of version 3, which carries no time",
        "application/5/device/0101010101010101/event/up",
        {
            "applicationID": "5",
            "applicationName": "farm",
            "deviceName": "barn",
            "devEUI": "AQEBAQEBAQE=",
            "rxInfo": [{"gatewayID": "AAAA", "rssi": -57, "loRaSNR": 10, "time": "2026-11-26T17:55:10Z"}],
            "txInfo": {"frequency": 868300000, "dr": 5},
            "adr": True,
            "fCnt": 10,
            "fPort": 5,
            "data": "AQ==",
            "object": {"temperatureSensor": {"1": 25.1}, "humiditySensor": {"2": 60.5}},
            "tags": {"floor": "2"},
        },
        {"0101010101010101.temperatureSensor.1": 25.1, "0101010101010101.humiditySensor.2": 60.5},
    ),
)

RTL_433 = (
    Sample(
        "rtl_433",
        "a sensor with channel and address",
        "rtl_433/pi/events",
        {
            "time": "2026-11-26 17:55:10",
            "model": "Nexus-TH",
            "id": 91,
            "channel": 1,
            "battery_ok": 1,
            "temperature_C": 15.1,
            "humidity": 71,
        },
        {"Nexus-TH.1.91.temperature_C": 15.1, "Nexus-TH.1.91.humidity": 71},
        units={"Nexus-TH.1.91.temperature_C": "°C"},
    ),
    Sample(
        "rtl_433",
        "another one in the same topic",
        "rtl_433/pi/events",
        {"time": "2026-11-26 17:55:11", "model": "Nexus-TH", "id": 9, "channel": 2, "battery_ok": 0, "temperature_C": -2.1},
        {"Nexus-TH.2.9.temperature_C": -2.1},
    ),
    Sample(
        "rtl_433",
        "weather station without a channel, with rain",
        "rtl_433/pi/events",
        {
            "time": "2026-11-26 17:55:12",
            "model": "Fineoffset-WH65B",
            "id": 104,
            "battery_ok": 1,
            "temperature_C": 8.3,
            "wind_avg_m_s": 2.4,
            "rain_mm": 1043.2,
            "uv": 3,
            "light_lux": 5120.0,
            "mic": "CRC",
            "mod": "FSK",
            "freq1": 868.31,
            "rssi": -7.1,
            "snr": 19.3,
            "noise": -26.4,
        },
        {
            "Fineoffset-WH65B.0.104.temperature_C": 8.3,
            "Fineoffset-WH65B.0.104.wind_avg_m_s": 2.4,
            "Fineoffset-WH65B.0.104.rain_mm": 1043.2,
            "Fineoffset-WH65B.0.104.uv": 3,
            "Fineoffset-WH65B.0.104.light_lux": 5120.0,
        },
        counters={"Fineoffset-WH65B.0.104.rain_mm"},
        units={"Fineoffset-WH65B.0.104.rain_mm": "mm", "Fineoffset-WH65B.0.104.wind_avg_m_s": "m/s"},
    ),
    Sample(
        "rtl_433",
        "tyre, whose address is a text",
        "rtl_433/pi/events",
        {"time": "2026-11-26 17:55:13", "model": "Toyota", "type": "TPMS", "id": "fb2a1c", "pressure_kPa": 231.0, "mic": "CRC"},
        {"Toyota.0.fb2a1c.pressure_kPa": 231.0},
    ),
)

KEPSERVER = (
    Sample(
        "kepserver",
        "tags of a controller",
        "iotgateway",
        {
            "timestamp": 1_790_000_002_000,
            "values": [
                {"id": "PLC1.Oven.T1", "v": 63.5, "q": True, "t": 1_790_000_000_000},
                {"id": "PLC1.Oven.T2", "v": 7, "q": True, "t": 1_790_000_000_000},
            ],
        },
        {"PLC1.Oven.T1": 63.5, "PLC1.Oven.T2": 7},
        time=1_790_000_000_000_000_000,
    ),
    Sample(
        "kepserver",
        "a tag of bad quality",
        "iotgateway/line 1",
        {
            "timestamp": 1_790_000_000_000,
            "values": [
                {"id": "PLC1.Oven.T1", "v": 0, "q": False, "t": 1_790_000_000_000},
                {"id": "PLC1.Oven.T2", "v": 7, "q": True, "t": 1_790_000_000_000},
            ],
        },
        {"PLC1.Oven.T2": 7},
    ),
    Sample(
        "kepserver",
        "a switch and a text",
        "iotgateway",
        {
            "timestamp": 1_790_000_000_000,
            "values": [
                {"id": "PLC1.Oven.On", "v": True, "q": True, "t": 1_790_000_000_000},
                {"id": "PLC1.Recipe", "v": "bread", "q": True, "t": 1_790_000_000_000},
            ],
        },
        {"PLC1.Oven.On": 1.0},
    ),
)

TELEGRAF = (
    Sample(
        "telegraf",
        "a processor, and two disks with all of their tags in the name",
        "telegraf/gw1/mixed",
        "cpu,cpu=cpu-total,host=gw1 usage_idle=87.5,usage_user=9.25 1790000000000000000\n"
        "disk,device=sda1,host=gw1,path=/ used_percent=61.5,free=12061i 1790000000000000000\n"
        "disk,device=sdb1,host=gw1,path=/data used_percent=17.5,free=12017i 1790000000000000000\n"
        'system,host=gw1 uptime=86400i,load1=0.25,uptime_format="1 day" 1790000000000000000\n',
        {
            "cpu.cpu-total.gw1.usage_idle": 87.5,
            "cpu.cpu-total.gw1.usage_user": 9.25,
            "disk.sda1.gw1./.used_percent": 61.5,
            "disk.sda1.gw1./.free": 12_061,
            "disk.sdb1.gw1./data.used_percent": 17.5,
            "disk.sdb1.gw1./data.free": 12_017,
            "system.gw1.load1": 0.25,
        },
        time=1_790_000_000_000_000_000,
        units={"cpu.cpu-total.gw1.usage_idle": "%", "disk.sda1.gw1./.used_percent": "%"},
    ),
    Sample(
        "telegraf",
        "a network, which counts since the start of the computer",
        "telegraf/gw1/net",
        "net,host=gw1,interface=eth0 bytes_recv=123456i,err_in=0i 1790000000000000000\n",
        {"net.gw1.eth0.bytes_recv": 123_456, "net.gw1.eth0.err_in": 0},
        counters={"net.gw1.eth0.bytes_recv", "net.gw1.eth0.err_in"},
        units={"net.gw1.eth0.bytes_recv": "B"},
    ),
    Sample(
        "telegraf_json",
        "one metric a message",
        "telegraf/gw1/cpu",
        {
            "fields": {"usage_idle": 87.5, "usage_user": 9.25, "time_user": 1234.5},
            "name": "cpu",
            "tags": {"cpu": "cpu-total", "host": "gw1"},
            "timestamp": 1_790_000_000,
        },
        {"cpu:cpu-total.gw1:usage_idle": 87.5, "cpu:cpu-total.gw1:usage_user": 9.25, "cpu:cpu-total.gw1:time_user": 1234.5},
        time=1_790_000_000_000_000_000,
        counters={"cpu:cpu-total.gw1:time_user"},
        units={"cpu:cpu-total.gw1:usage_idle": "%"},
    ),
    Sample(
        "telegraf_json",
        "many metrics a message, of two disks",
        "telegraf/gw1",
        {
            "metrics": [
                {
                    "fields": {"used_percent": percent, "free": 12_000 + percent},
                    "name": "disk",
                    "tags": {"device": device, "host": "gw1", "path": path},
                    "timestamp": 1_790_000_000,
                }
                for device, path, percent in (("sda1", "/", 61), ("sdb1", "/data", 17))
            ]
        },
        {
            "disk:sda1.gw1./:used_percent": 61,
            "disk:sda1.gw1./:free": 12_061,
            "disk:sdb1.gw1./data:used_percent": 17,
            "disk:sdb1.gw1./data:free": 12_017,
        },
        time=1_790_000_000_000_000_000,
    ),
)
