#!/bin/sh
# Install what some tests need beside Python packages, or say which tests will be skipped and how to enable them.
set -u

has_chromium() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; }
has_postgres() { command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; }

missing=""
has_chromium || missing="$missing chromium"
has_postgres || missing="$missing postgresql"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$missing for the tests that need it ..."
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # one word per package
    apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1
fi

has_chromium || echo "Tests of the report page in a browser are skipped; to enable them: apt-get install chromium"
has_postgres || echo "Tests against a PostgreSQL database are skipped; to enable them: apt-get install postgresql"
exit 0
