"""A headless Home Assistant with MQTT alone. Run by a Python that has it: `house_core.py FOLDER PORT WEB STATES`.

It writes states and unique identifiers of its entities to the file STATES, again and again, until it is ended.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from homeassistant import auth, bootstrap, config_entries, core, loader  # type: ignore[import-not-found]
from homeassistant.helpers import entity_registry  # type: ignore[import-not-found]
from homeassistant.setup import async_setup_component  # type: ignore[import-not-found]

MQTT: dict[str, object] = {
    "created_at": "2026-01-01T00:00:00+00:00",
    "modified_at": "2026-01-01T00:00:00+00:00",
    "disabled_by": None,
    "discovery_keys": {},
    "domain": "mqtt",
    "entry_id": "0123456789abcdef0123456789abcdef",
    "minor_version": 2,
    "options": {"discovery": True, "discovery_prefix": "homeassistant"},
    "pref_disable_new_entities": False,
    "pref_disable_polling": False,
    "source": "user",
    "subentries": [],
    "title": "broker",
    "unique_id": None,
    "version": 1,
}


async def main(folder: Path, port: int, web: int, out: Path) -> None:
    """Run until the process is ended.

    Args:
        folder: folder for what it keeps.
        port: port of the broker.
        web: port for its own pages.
        out: file for the states.
    """
    data = {"broker": "127.0.0.1", "port": port, "protocol": "3.1.1"}
    entries = {"version": 1, "minor_version": 5, "key": "core.config_entries", "data": {"entries": [{**MQTT, "data": data}]}}
    (folder / ".storage").mkdir(parents=True)
    (folder / "configuration.yaml").write_text("")
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(entries))
    hass = core.HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(hass, [], [])
    await async_setup_component(hass, "http", {"http": {"server_host": ["127.0.0.1"], "server_port": web}})
    assert await async_setup_component(hass, "mqtt", {})
    await hass.async_start()
    while True:
        states = {state.entity_id: [state.state, dict(state.attributes)] for state in hass.states.async_all()}
        known = {entry.entity_id: entry.unique_id for entry in entity_registry.async_get(hass).entities.values()}
        out.with_suffix(".tmp").write_text(json.dumps({"states": states, "known": known}, default=str))
        os.replace(out.with_suffix(".tmp"), out)  # noqa: PTH105
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
