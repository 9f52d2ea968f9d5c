# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Certificates for TLS tests, all signed by one authority that lives as long as the object."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme


class Certificates:
    """An authority, a server certificate and client certificates.

    Args:
        names: The host names and addresses that the server's certificate is for.
    """

    def __init__(self, *names: str) -> None:
        import trustme  # not needed by those who use nodes without TLS

        self._authority = trustme.CA()
        self._server = self._authority.issue_cert(*(names or ("localhost", "127.0.0.1")))

    def write(self, folder: Path) -> None:
        """Write ca.pem, server.pem and server.key."""
        self._authority.cert_pem.write_to_path(folder / "ca.pem")
        self._put(self._server, folder, "server")

    def write_client(
        self, folder: Path, user: str = "guest", *, intermediate: bool = False
    ) -> tuple[Path, Path, Path]:
        """Write ca.pem and a client's certificate whose common name is the user.

        Args:
            folder: Where.
            user: The common name.
            intermediate: Signed by an authority that the authority has signed, whose certificate is
                written behind the client's.

        Returns:
            The paths of the authority's certificate, the client's key and the client's certificate.
        """
        self._authority.cert_pem.write_to_path(folder / "ca.pem")
        # Without a name besides the common one Erlang calls the certificate unsupported.
        issuer = self._authority.create_child_ca() if intermediate else self._authority
        issued = issuer.issue_cert(f"{user}@client.example", common_name=user)
        certificate, key = self._put(issued, folder, "client")
        key.chmod(0o600)
        return folder / "ca.pem", key, certificate

    @staticmethod
    def _put(issued: "trustme.LeafCert", folder: Path, name: str) -> tuple[Path, Path]:
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return certificate, key

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts the authority."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        return context
