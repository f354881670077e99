"""Encryption: certificates of servers and our own, and whether a secret may go to a server without it."""

import re
import ssl
from dataclasses import dataclass

from edge.errors import ConfigurationError
from edge.networks import reach

OF_OPENSSL = re.compile(r"\[[A-Z0-9_: ]+\] ?| ?\(_ssl\.c:\d+\)")  # its codes and places around its words
NOT_TRUSTED = "its certificate is not trusted ({detail}); name the certificate of its authority in [{section}] ca_file"
NOT_TRUSTED_BY_FILE = "its certificate is not trusted ({detail}); check that [{section}] ca_file holds its authority"
FAILURES = {  # words of OpenSSL in small letters, and what they mean; alerts are those of the other side and come first
    "alert certificate required": "it asks for a certificate of ours; name it in [{section}] cert_file",
    "alert unknown ca": "it does not trust our certificate ({detail}); check [{section}] cert_file",
    "alert bad certificate": "it does not accept our certificate ({detail}); check [{section}] cert_file",
    "alert certificate expired": "our certificate has expired ({detail}); renew [{section}] cert_file",
    "has expired": "its certificate is not trusted ({detail}); renew it on the server, or set the clock of this device",
    "not yet valid": "its certificate is not trusted ({detail}); set the clock of this device",
    "mismatch": "its certificate is not trusted ({detail}); write a name that the certificate has in the URL of [{section}]",
    "wrong version number": "it speaks no TLS there ({detail}); check the port in the URL of [{section}]",
    "record layer failure": "it speaks no TLS there ({detail}); check the port in the URL of [{section}]",
}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files that a section of the configuration names, and what it says of secrets.

    Args:
        section: name of the section, for messages.
        ca_file: certificates of the authorities that are trusted; None: those of this system.
        cert_file: our own certificate; None where the server asks for none.
        key_file: its private key; None where it stands in `cert_file`.
        allow_unencrypted: whether a secret may go to any server without encryption; None: within a private network.
    """

    section: str
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    allow_unencrypted: bool | None = None

    def check(self, *, encrypted: bool, instead: str) -> None:
        """Refuse files that no connection would use, and files that cannot be read.

        Args:
            encrypted: whether the URL of the section asks for TLS.
            instead: beginning of a URL that asks for TLS.

        Raises:
            ConfigurationError: see above.
        """
        named = next((key for key in ("ca_file", "cert_file", "key_file") if getattr(self, key) is not None), None)
        if named is not None and not encrypted:
            raise ConfigurationError(f"[{self.section}] {named} is of use with TLS only; begin the URL with {instead}")
        if named is not None:  # those of the system take long to load
            self.context()

    def in_the_open(self, host: str, secret: str, instead: str) -> str | None:
        """A warning that a secret goes to a server without encryption; None where nobody can listen, or where it is allowed.

        Args:
            host: name or address of the server.
            secret: word for the secret, such as `password`.
            instead: beginning of a URL that asks for TLS.

        Raises:
            ConfigurationError: it must not go there.
        """
        distance = reach(host)
        if distance == "here" or self.allow_unencrypted:
            return None
        setting = f"[{self.section}] allow_unencrypted = true"
        if distance == "far" or self.allow_unencrypted is False:
            raise ConfigurationError(
                f"[{self.section}] would send the {secret} to {host} without encryption, and others could read it on its way; "
                f"begin the URL with {instead}, or set {setting}"
            )
        return (
            f"[{self.section}] sends the {secret} to {host} without encryption, and everyone in that network can read it; "
            f"begin the URL with {instead}, or set {setting} if that is fine"
        )

    def context(self) -> ssl.SSLContext:
        """A context that verifies the server's certificate and name, in the same way on every Python.

        From 3.13 on Python's own default refuses an authority whose certificate names no key usage (RFC 5280): one made by the
        two usual lines of openssl names none. It also takes a chain that ends at any certificate of `ca_file`.

        Raises:
            ConfigurationError: a file cannot be read, or holds something else.
        """
        if self.key_file is not None and self.cert_file is None:
            raise ConfigurationError(f"[{self.section}] key_file needs cert_file, the certificate of that key")
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise self._unusable("ca_file", self.ca_file, error) from error
        context.verify_flags = (context.verify_flags & ~ssl.VERIFY_X509_STRICT) | ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.cert_file is not None:
            try:
                context.load_cert_chain(self.cert_file, self.key_file, password="")
            except (OSError, ValueError) as error:
                files = self.cert_file if self.key_file is None else f"{self.cert_file} and {self.key_file}"
                raise self._unusable("cert_file", files, error) from error
        return context

    def failure(self, words: str) -> str | None:
        """What a failed handshake means, and the setting that mends it; None where the words do not tell.

        Args:
            words: words of OpenSSL, from an error of `ssl` or of a library that wraps it.
        """
        if not any(sign in words.lower() for sign in ("ssl", "tls", "certificate")):
            return None
        detail = OF_OPENSSL.sub("", words).strip()
        small = detail.lower()
        meaning = next((means for sign, means in FAILURES.items() if sign in small), None)
        if meaning is None and "verify failed" in small:
            meaning = NOT_TRUSTED if self.ca_file is None else NOT_TRUSTED_BY_FILE
        if meaning is None:
            return None
        return meaning.format(detail=detail.removeprefix("certificate verify failed: "), section=self.section)

    def _unusable(self, key: str, path: str | None, error: Exception) -> ConfigurationError:
        reason = "holds no PEM certificate and key that belong together"
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
            reason = f"cannot be read: {error.strerror}"
        elif key == "ca_file":
            reason = "holds no certificate in PEM"
        return ConfigurationError(f"[{self.section}] {key}: {path} {reason}")
