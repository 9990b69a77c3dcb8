"""Real mail and chat servers (OpenSMTPD, InspIRCd with Atheme's services), each with its own
configuration, directory and port. They need root; where they are missing the test is skipped."""
import email
import email.policy
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from harness import free_port, wait_for


def need(*programs):
    for program in programs:
        path = "/usr/sbin:/usr/bin:/bin"
        if os.geteuid() != 0 or not shutil.which(program, path=path):
            pytest.skip(f"needs {program} and root")


def certificate(directory):
    """A self-signed certificate for 127.0.0.1 and its key, as paths."""
    cert, key = Path(directory) / "cert.pem", Path(directory) / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            key,
            "-out",
            cert,
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


class Daemon:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        # Their users must come in.
        for folder in (self.directory, *self.directory.parents):
            if folder.owner() == "root" and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o711)
        self.processes = []

    def spawn(self, name, command, **options):
        with open(self.directory / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )
        self.processes.append(process)
        return process

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes = []


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class MailServer(Daemon):
    """OpenSMTPD that puts everything for example.org into one maildir. Its spool lies at a fixed
    path, so it gets a mount namespace of its own."""

    def __init__(self, directory):
        need("smtpd", "unshare")
        super().__init__(directory)
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.maildir = self.directory / "mail"
        self.maildir.mkdir(exist_ok=True)
        shutil.chown(self.maildir, "nobody")
        (self.directory / "users").write_text("@example.org nobody\n")
        (self.directory / "smtpd.conf").write_text(
            f'table users file:{self.directory}/users\n'
            f'listen on 127.0.0.1 port {self.port} hostname mail.example.org\n'
            f'action box maildir "{self.maildir}" user nobody virtual <users>\n'
            'match from any for domain example.org action box\n'
        )

    def start(self):
        # One script, so that everything lies in one process group.
        self.spawn(
            "smtpd",
            [
                "unshare",
                "-m",
                "--kill-child",
                "--fork",
                "--pid",
                "--mount-proc",
                "sh",
                "-c",
                "mount -t tmpfs none /var/spool && mkdir -m 711 /var/spool/smtpd && "
                f"mount -t tmpfs none /run && exec smtpd -d -f {self.directory}/smtpd.conf",
            ],
            env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        wait_for("smtpd to listen", lambda: listens(self.port), 20)
        return self

    def mails(self):
        """All that arrived, oldest first."""
        files = sorted((self.maildir / "new").glob("*"), key=lambda f: f.stat().st_mtime_ns)
        return [
            email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files
        ]


class ChatServer(Daemon):
    """InspIRCd with TLS; with services, SASL too."""

    def __init__(self, directory, services=False):
        need("inspircd", "openssl", *(["atheme-services"] if services else []))
        super().__init__(directory)
        self.cert, key = certificate(self.directory)
        self.port, self.plain_port, self.link_port = free_port(), free_port(), free_port()
        self.url = f"ircs://boom@127.0.0.1:{self.port}"
        self.services = services
        modules = [
            "ssl_gnutls",
            "cap",
            "ircv3",
            "ircv3_echomessage",
            "spanningtree",
            "sasl",
            "services_account",
        ]
        (self.directory / "inspircd.conf").write_text(
            '<server name="irc.test" description="test" network="Test" id="1AA">\n'
            '<admin name="x" nick="x" email="x@example.org">\n'
            + "".join(f'<module name="{module}">\n' for module in modules)
            + f'<sslprofile name="tls" provider="gnutls" certfile="{self.cert}" keyfile="{key}">\n'
            f'<bind address="127.0.0.1" port="{self.port}" type="clients" sslprofile="tls">\n'
            f'<bind address="127.0.0.1" port="{self.plain_port}" type="clients">\n'
            f'<bind address="127.0.0.1" port="{self.link_port}" type="servers">\n'
            '<link name="services.test" ipaddr="127.0.0.1" port="1" allowmask="127.0.0.1"'
            ' sendpass="pw" recvpass="pw">\n'
            '<uline server="services.test" silent="yes">\n'
            '<sasl target="services.test" requiressl="no">\n'
            '<connect allow="*" timeout="30" threshold="10" pingfreq="120" hardsendq="262144"'
            ' softsendq="8192" recvq="8192" localmax="50" globalmax="50"'
            ' resolvehostnames="no">\n'
            '<options prefixquit="Quit: " defaultmodes="nt">\n'
        )
        (self.directory / "atheme.conf").write_text(
            "".join(
                f'loadmodule "modules/{module}";\n'
                for module in [
                    "protocol/inspircd",
                    "backend/opensex",
                    "crypto/posix",
                    "nickserv/main",
                    "nickserv/register",
                    "saslserv/main",
                    "saslserv/plain",
                ]
            )
            + 'serverinfo { name = "services.test"; desc = "s"; numeric = "00A"; recontime = 1;'
            ' netname = "Test"; adminname = "x"; adminemail = "x@example.org";'
            ' registeremail = "x@example.org"; hidehostsuffix = "users"; mta = "/bin/true";'
            ' maxlogins = 5; maxusers = 5; maxnicks = 5; maxchans = 5; mdlimit = 30;'
            ' emaillimit = 10; emailtime = 300; auth = none; casemapping = rfc1459; };\n'
            'uplink "irc.test" { host = "127.0.0.1"; send_password = "pw";'
            f' receive_password = "pw"; port = {self.link_port}; }};\n'
            'nickserv { nick = "NickServ"; user = "n"; host = "services.test"; real = "n"; };\n'
            'saslserv { nick = "SaslServ"; user = "s"; host = "services.test"; real = "s"; };\n'
            'general { permissive_mode; commit_interval = 5; };\n'
        )

    def start(self):
        self.spawn(
            "inspircd",
            [
                "/usr/sbin/inspircd",
                "--config",
                self.directory / "inspircd.conf",
                "--nofork",
                "--runasroot",
                "--nopid",
            ],
        )
        wait_for("inspircd to listen", lambda: listens(self.port), 20)
        if self.services:
            data = self.directory / "services"
            data.mkdir(exist_ok=True)
            shutil.chown(data, "irc")
            self.spawn(
                "atheme",
                [
                    "/usr/bin/atheme-services",
                    "-n",
                    "-c",
                    self.directory / "atheme.conf",
                    "-D",
                    data,
                    "-l",
                    data / "log",
                    "-p",
                    data / "pid",
                ],
                user="irc",
                cwd=data,
            )
        return self


class Listener:
    """A person in a channel: every PRIVMSG there, with who said it."""

    def __init__(self, server, channel, nick="watcher"):
        context = ssl.create_default_context(cafile=server.cert)
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.channel, self.heard, self.notices = channel, [], []
        self.joined = threading.Event()
        self.say(f"NICK {nick}")
        self.say(f"USER {nick} 0 * :watcher")
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        assert self.joined.wait(20), "the watcher did not get in"

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def listen(self):
        try:
            for raw in self.socket.makefile("rb"):
                line = raw.decode(errors="replace").rstrip("\r\n")
                words = line.split(" ")
                if words[0] == "PING":
                    self.say("PONG " + words[1])
                elif words[1] == "001":
                    self.say("JOIN " + self.channel)
                elif words[1] == "366":
                    self.joined.set()
                elif words[1] == "PRIVMSG" and words[2] == self.channel:
                    self.heard.append((words[0][1:].split("!")[0], line.split(" :", 1)[1]))
                elif words[1] == "NOTICE":
                    self.notices.append(line)
        except OSError:
            pass

    def lines(self):
        return [text for _, text in self.heard]

    def register(self, password):
        """Makes this nick an account of the services."""

        def registered():
            self.say(f"PRIVMSG NickServ :REGISTER {password} x@example.org")
            return any("registered" in notice for notice in self.notices)

        wait_for("the services to register a nick", registered, 30)

    def kill(self):
        self.socket.close()
