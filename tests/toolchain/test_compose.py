"""docker-compose.yml, Dockerfile and Caddyfile against the code: no container is started here."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.core.management import get_commands
from django.utils.module_loading import import_string

from config.celery import app
from tests.toolchain.test_env import variables_read
from tools import production_env

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("prepare", "web", "worker", "timetable")
SITE_URL = "https://practice.example"


@pytest.fixture
def production(tmp_path, monkeypatch):
    """The variables that `make production-env` writes."""
    monkeypatch.setattr(production_env, "PATH", tmp_path / "production.env")
    production_env.main(SITE_URL)
    return tmp_path / "production.env"


def values(file):
    """Return the variables set in an env file."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def filled_in(text, variables):
    """Fill ${NAME:?why} and ${NAME:-default} in as compose does."""

    def value(match):
        name, how, rest = match.groups()
        if how == ":?":
            return variables[name]
        return variables.get(name) or rest

    return re.sub(r"\$\{(\w+)(:[?-])([^}]*)\}", value, text)


def dockerfile(instruction):
    """Return the arguments of each `instruction` of the Dockerfile."""
    return re.findall(rf"^{instruction} (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_only_the_proxy_publishes_ports():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["proxy"]["ports"] == ["80:80", "443:443", "443:443/udp"]


def test_database_and_broker_have_no_way_out():
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("db", "broker", "prepare", "timetable"):
        assert SERVICES[name]["networks"] == ["inside"], name


@pytest.mark.parametrize("name", OURS)
def test_variables_are_those_the_code_reads(name):
    given = set(SERVICES[name]["environment"])
    assert given <= variables_read()
    assert given >= {"SECRET_KEY", "CHAIN_KEY", "SITE_URL", "TLS_PROXY", "DATABASE_URL", "BROKER_URL", "EMAIL_URL"}
    assert not given & {"DEMO", "DEBUG"}


def test_variables_to_fill_in_are_those_that_production_env_writes(production):
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    written = set(re.findall(r"^#?([A-Z_]+)=", production.read_text(), re.MULTILINE))
    assert asked == written


def test_production_env_is_private_and_never_overwritten(production):
    before = production.read_text()
    assert production.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SystemExit, match="is there already"):
        production_env.main(SITE_URL)
    assert production.read_text() == before


@pytest.mark.parametrize("site_url", ["", "practice.example", "http://practice.example"])
def test_production_env_insists_on_https(site_url, tmp_path, monkeypatch):
    monkeypatch.setattr(production_env, "PATH", tmp_path / "production.env")
    with pytest.raises(SystemExit, match="SITE_URL=https://"):
        production_env.main(site_url)
    assert not (tmp_path / "production.env").exists()


@pytest.mark.one_database
def test_the_code_is_safe_with_these_variables(production, tmp_path):
    """The settings load and `check --deploy` finds nothing with exactly what compose hands to the web server."""
    variables = values(production)
    given = {name: filled_in(text, variables) for name, text in SERVICES["web"]["environment"].items()}
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path), **given}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = "from django.conf import settings as s; import json; d = s.DATABASES['default']; "
    read += "print(json.dumps([d['HOST'], d['USER'], d['NAME'], d['PASSWORD'], s.BROKER_URL, s.DEMO, s.DEBUG]))"
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    done = subprocess.run([sys.executable, "-c", read], cwd=ROOT, env=environment, capture_output=True, check=True)
    host, user, name, password, broker_url, demo, debug = json.loads(done.stdout)
    database = SERVICES["db"]["environment"]
    assert (host, user, name) == ("db", database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert password == filled_in(database["POSTGRES_PASSWORD"], variables)
    assert broker_url == f"redis://:{variables['BROKER_PASSWORD']}@broker:6379/0"
    assert (demo, debug) == (False, False)


def test_prepare_runs_a_command_of_the_project():
    python, manage, command = SERVICES["prepare"]["command"]
    assert (python, manage) == ("python", "manage.py")
    assert get_commands()[command] == "config"


def test_web_serves_the_project():
    program, flag, config, application = SERVICES["web"]["command"]
    assert (program, flag) == ("gunicorn", "--config")
    assert importlib.util.find_spec(config.removeprefix("python:"))
    assert callable(import_string(application.replace(":", ".")))
    assert json.loads(dockerfile("CMD")[0]) == SERVICES["web"]["command"]


@pytest.mark.parametrize("name", ["worker", "timetable"])
def test_celery_takes_the_commands(name):
    program, *arguments = SERVICES[name]["command"]
    assert program == "celery"
    assert arguments[:2] == ["-A", "config"]
    assert app.main == "practice"
    subcommand = celery.commands[arguments[2]]
    context = subcommand.make_context(arguments[2], arguments[3:], obj=CLIContext(app=app, no_color=True, workdir=None))
    assert context.params["loglevel"]


def test_web_is_asked_by_a_module_of_the_project():
    how, python, flag, module = SERVICES["web"]["healthcheck"]["test"]
    assert (how, python, flag) == ("CMD", "python", "-m")
    assert importlib.util.find_spec(module)


def test_proxy_hands_on_to_the_port_the_web_server_listens_on():
    (environment,) = [line for line in dockerfile("ENV") if "PORT=" in line]
    port = re.search(r"PORT=(\d+)", environment).group(1)
    assert dockerfile("EXPOSE") == [port]
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text()
    assert re.findall(r"reverse_proxy (\S+)", caddyfile) == [f"web:{port}"]
    assert re.findall(r"\{\$(\w+)\}", caddyfile) == list(SERVICES["proxy"]["environment"])


def test_the_practice_starts_after_its_tables():
    for name in ("web", "worker", "timetable"):
        assert SERVICES[name]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
    assert SERVICES["prepare"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert SERVICES["proxy"]["depends_on"] == {"web": {"condition": "service_healthy"}}


def test_every_lasting_service_comes_back_and_is_asked_whether_it_is_well():
    for name, service in SERVICES.items():
        if name != "prepare":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0].startswith("CMD"), name


def test_volumes_are_where_the_images_expect_them():
    assert SERVICES["db"]["volumes"] == ["database:/var/lib/postgresql"]  # from 18 on; …/data is refused
    assert dockerfile("VOLUME") == ["/data"]
    assert all(SERVICES[name]["volumes"] == ["data:/data"] for name in OURS)
    assert set(COMPOSE["volumes"]) == {"data", "database", "certificates"}


def test_image_is_built_from_files_that_exist():
    for line in dockerfile("COPY"):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", "deploy/production.env", "var", ".git"} <= set(ignored)


def test_image_runs_as_an_account_without_rights():
    assert dockerfile("USER") == ["practice"]
    assert SERVICES["web"]["cap_drop"] == ["ALL"]
