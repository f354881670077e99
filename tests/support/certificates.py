"""A certification authority of the tests' own, with a certificate for 127.0.0.1."""

import ssl
import subprocess
from pathlib import Path

from tests.support.servers import requires

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """Makes certificates that only its own file vouches for.

    Args:
        folder: folder of the files.
        name: name of the authority.
    """

    def __init__(self, folder: Path, name: str = "ours") -> None:
        self._folder = folder
        self.file, self._key = folder / f"{name}.crt", folder / f"{name}.key"
        self._openssl("req", "-x509", *CURVE, "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.file)

    def sign(self, name: str, *, address: str = "127.0.0.1", days: int = 1) -> tuple[Path, Path]:
        """Certificate and key of a server at an address, or of a client; fewer than 0 days: it has expired."""
        request, certificate, key = (self._folder / f"{name}.{kind}" for kind in ("csr", "crt", "key"))
        extensions = self._folder / f"{name}.txt"
        extensions.write_text(f"subjectAltName=IP:{address}\n")
        self._openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signer: list[str | Path] = ["-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-extfile", extensions]
        self._openssl("x509", "-req", "-in", request, "-days", str(days), *signer, "-out", certificate)
        return certificate, key

    def context(self, name: str, *, address: str = "127.0.0.1", days: int = 1) -> ssl.SSLContext:
        """What a server of that name listens with; as `sign`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sign(name, address=address, days=days))
        return context

    def _openssl(self, *arguments: str | Path) -> None:
        subprocess.run([requires("openssl"), *arguments], check=True, capture_output=True)
