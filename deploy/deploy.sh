#!/bin/sh
# Puts a version of Informejo into service under systemd, and goes back by itself when that does not work.
set -eu
umask 022

usage() {
    cat <<'TEXT'
deploy/deploy.sh            put what is checked out here into service; the first time, install everything
deploy/deploy.sh REVISION   a tag, branch or commit instead, an older one too
deploy/deploy.sh --check [REVISION]   only say whether it could be done

Ends with 0: in service. 1: the desk is as it was. 2: somebody must look.
In the environment: INFORMEJO_HOME (/opt/informejo), INFORMEJO_ENV (/etc/informejo.env), INFORMEJO_UNITS
(/etc/systemd/system), INFORMEJO_USER (informejo), INFORMEJO_WAIT (seconds until it must be ready, 30), PYTHON (python3),
INFORMEJO_VENV (a ready environment to use instead of installing one). pip reads PIP_NO_INDEX and PIP_FIND_LINKS.
TEXT
}

home=${INFORMEJO_HOME:-/opt/informejo}
env_file=${INFORMEJO_ENV:-/etc/informejo.env}
units=${INFORMEJO_UNITS:-/etc/systemd/system}
user=${INFORMEJO_USER:-informejo}
wait=${INFORMEJO_WAIT:-30}
python=${PYTHON:-python3}
checkout=$(cd "$(dirname "$0")/.." && pwd)
least_free=512 # megabytes, for a release as for a backup

main() {
    only_check=
    if [ "${1:-}" = --check ]; then
        only_check=yes
        shift
    fi
    case "${1:-}" in -*) usage && exit ;; esac
    check_machine
    check_settings
    check_revision "${1:-}"
    if [ "$only_check" ]; then
        say "It could be done: $revision into $release."
        exit
    fi
    prepare_places
    install_release
    plan_schema
    back_up
    trap '' HUP INT TERM # from here on it ends with one version or the other in service
    if put_in_service; then
        finish
    else
        go_back
    fi
}

# Checks, which change nothing.

check_machine() {
    [ "$(id -u)" = 0 ] || [ "$(id -un)" = "$user" ] || refuse "run it as root."
    for tool in git systemctl setpriv flock tar; do
        command -v "$tool" >/dev/null || refuse "there is no $tool here."
    done
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || refuse "$python must be Python 3.11 or later; PYTHON names another."
    [ "${INFORMEJO_VENV:-}" ] || "$python" -c 'import ensurepip' 2>/dev/null || refuse "$python cannot make environments; on Debian: apt-get install python3-venv"
    free_enough "$(nearest "$home")"
}

# The sample, with a token of its own for whoever asks what the desk measures.
first_settings() {
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    mkdir -p "$(dirname "$env_file")"
    (umask 077 && sed "s/^#METRICS_TOKEN=\$/METRICS_TOKEN=$token/" "$checkout/deploy/env.example" >"$env_file")
}

check_settings() {
    if [ ! -e "$env_file" ]; then
        [ "$only_check" ] || first_settings
        refuse "write the address of the desk into $env_file (PUBLIC_URL), then run this again."
    fi
    [ -r "$env_file" ] || refuse "$env_file cannot be read."
    ! grep -Eq "^[A-Z_]+=.*[\"']" "$env_file" || refuse "a value in $env_file has quotes; systemd and Docker read them differently."
    case "$(setting PUBLIC_URL)" in
        *example.org* | "") refuse "PUBLIC_URL in $env_file is not the address of the desk yet." ;;
        http://* | https://*) ;;
        *) refuse "PUBLIC_URL in $env_file must begin with https://." ;;
    esac
    backup_dir=$(setting BACKUP_DIR)
    upload_dir=$(setting UPLOAD_DIR)
    database=$(setting DATABASE_URL | sed -n 's#^sqlite:///##p')
    for place in "$backup_dir" "$upload_dir" "${database:-/}"; do
        case $place in /*) ;; *) refuse "DATABASE_URL, UPLOAD_DIR and BACKUP_DIR in $env_file must name places outside the release, such as below /var/lib/informejo." ;; esac
    done
    free_enough "$(nearest "$backup_dir")"
}

check_revision() {
    [ "$1" ] || [ -z "$(git -C "$checkout" status --porcelain)" ] || refuse "$checkout has changes that are in no commit: git status"
    revision=$(git -C "$checkout" rev-parse --verify --quiet "${1:-HEAD}^{commit}") ||
        { git -C "$checkout" fetch --quiet --tags && revision=$(git -C "$checkout" rev-parse --verify --quiet "$1^{commit}"); } ||
        refuse "there is no revision $1."
    release=$home/releases/$(echo "$revision" | cut -c 1-12)
    old=$(readlink "$home/current" || true)
}

# Steps, in their order.

prepare_places() {
    [ "$(id -un)" = "$user" ] || getent passwd "$user" >/dev/null ||
        useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$user"
    mkdir -p "$home/releases"
    exec 9>"$home/.deploy.lock"
    flock -n 9 || refuse "another deploy.sh is at work."
    if [ "$(id -u)" = 0 ]; then
        chown "root:$(id -gn "$user")" "$env_file"
        chmod 0640 "$env_file"
    fi
    for folder in ${database:+"$(dirname "$database")"} "$upload_dir" "$backup_dir"; do
        [ -d "$folder" ] || install -d -m 0700 -o "$user" -g "$(id -gn "$user")" "$folder"
    done
}

install_release() {
    if [ ! -e "$release/.complete" ]; then
        say "Installing into $release ..."
        rm -rf "$release"
        mkdir -p "$release"
        git -C "$checkout" archive --output="$release/.tar" "$revision"
        tar -x -f "$release/.tar" -C "$release"
        rm "$release/.tar"
        if [ "${INFORMEJO_VENV:-}" ]; then
            ln -s "$INFORMEJO_VENV" "$release/.venv"
        else
            "$python" -m venv "$release/.venv"
            "$release/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$release/requirements.txt" ||
                refuse "its packages could not be installed."
            "$release/.venv/bin/python" -m compileall -q "$release/.venv/lib" "$release/informejo" >/dev/null
        fi
        flask "$release" db heads | awk '{ print $1 }' >"$release/.schema"
        [ -s "$release/.schema" ] || refuse "the new version cannot be loaded, see above."
        touch "$release/.complete"
    fi
}

# Which way the tables must go, and which of the two versions knows that way: `by`.
plan_schema() {
    new_schema=$(cat "$release/.schema") old_schema=$(cat "${old:-$release}/.schema") by=$release
    if ! knows "$release" "$old_schema"; then
        knows "$old" "$new_schema" || refuse "neither version knows the way from tables $old_schema to $new_schema."
        by=$old
    fi
}

back_up() {
    if [ -z "$database" ]; then
        say "DATABASE_URL is no SQLite file: back it up with its own tools."
    elif [ -e "$database" ] && [ "$old" ]; then
        say "Backing up ..."
        flask "$old" backup || refuse "the backup did not come about."
    fi
}

put_in_service() {
    if [ "$old_schema" != "$new_schema" ]; then
        say "Stopping: the tables change from $old_schema to $new_schema. Whoever comes now waits."
        hold_database
    fi
    change_tables "$new_schema" "$release" || return 1
    say "Starting ${release##*/} ..."
    start "$release" || return 1
    is_ready
}

finish() {
    say "In service: $revision."
    flask "$release" welcome || true
    flask "$release" doctor || say "The doctor found something; the new version stays in service all the same."
    cd "$home/releases"
    # shellcheck disable=SC2012 # names of commits
    ls -1t | tail -n +4 | while read -r name; do
        [ "$home/releases/$name" = "$release" ] || [ "$home/releases/$name" = "$old" ] || rm -rf "$name"
    done
}

go_back() {
    say "It does not work. What it said: journalctl -u informejo -n 50"
    if [ -z "$old" ]; then
        service stop informejo.socket informejo.service || true
        give_up "There is no earlier version to go back to; the desk is stopped."
    fi
    say "Going back to ${old##*/} ..."
    [ "$old_schema" = "$new_schema" ] || hold_database
    if ! change_tables "$old_schema" "$old"; then
        service stop informejo.socket informejo.service || true
        give_up "The tables could not be brought back to $old_schema; the desk is stopped. docs/upgrade.md: When it cannot go back."
    fi
    if ! start "$old" || ! is_ready; then
        give_up "The earlier version does not come back either: journalctl -u informejo -n 50"
    fi
    say "As before: ${old##*/} is in service again, nothing that was sent is lost."
    exit 1
}

# What they are made of.

say() {
    echo "$(date -u +%H:%M:%SZ) $*"
}

refuse() {
    echo "The desk is as it was: $*" >&2
    exit 1
}

give_up() {
    echo "SOMEBODY MUST LOOK. $*" >&2
    exit 2
}

setting() {
    sed -n "s/^$1=//p" "$env_file" | tail -n 1
}

nearest() {
    if [ -e "$1" ]; then echo "$1"; else nearest "$(dirname "$1")"; fi
}

free_enough() {
    free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$least_free" ] || refuse "only $free MB are free at $1, $least_free MB are needed."
}

# In a release, with the settings and as the user of the service.
flask() (
    cd "$1"
    shift
    umask 077
    while IFS= read -r line || [ "$line" ]; do
        case $line in [A-Z]*=*) export "${line?}" ;; esac
    done <"$env_file"
    set -- .venv/bin/python -m flask --app app "$@"
    [ "$(id -un)" = "$user" ] || set -- setpriv --reuid "$user" --regid "$(id -gn "$user")" --init-groups --no-new-privs -- "$@"
    exec "$@" 8>&- 9>&-
)

knows() {
    grep -Eqs "^revision(: str)? = [\"']$2[\"']" "$1"/migrations/versions/*.py
}

# To these tables, which are those of that release.
change_tables() {
    if [ "$by" = "$2" ] || [ "$new_schema" = "$old_schema" ]; then
        flask "$2" db upgrade
    else
        flask "$by" db downgrade "$1"
    fi
}

# No server has the database from here to `start`. Its socket still listens, so the next visitor makes systemd start the
# server again; it then waits for the lock that we have, as we waited for it before the old server let go.
hold_database() {
    if [ -e "${database:-/nonexistent}.lock" ]; then
        exec 8>>"$database.lock"
        flock 8 &
        service stop informejo.service
        wait $!
    else
        service stop informejo.socket informejo.service
    fi
}

start() {
    ln -sfn "$1" "$home/current.new"
    mv -T "$home/current.new" "$home/current"
    put_units "$1"
    exec 8>&-
    service enable --quiet --now informejo.socket informejo-daily.timer && service enable --quiet informejo.service &&
        service restart informejo.service
}

put_units() {
    host=$(setting HOST) port=$(setting PORT)
    for unit in informejo.service informejo.socket informejo-daily.service informejo-daily.timer; do
        sed -e "s#/opt/informejo#$home#g" -e "s#/etc/informejo\.env#$env_file#g" \
            -e "s#^User=.*#User=$user#" -e "s#^Group=.*#Group=$(id -gn "$user")#" \
            -e "s#^ListenStream=.*#ListenStream=${host:-127.0.0.1}:${port:-3003}#" "$1/deploy/$unit" >"$units/$unit.new"
        # A socket that is listening takes no other address.
        if [ "$unit" = informejo.socket ] && [ -e "$units/$unit" ] && ! cmp -s "$units/$unit" "$units/$unit.new"; then
            service stop informejo.service informejo.socket || true
        fi
        mv "$units/$unit.new" "$units/$unit"
    done
    service daemon-reload
}

service() {
    systemctl "$@" 8>&- 9>&-
}

# Asked at the worker itself: what stands in front is the doctor's business.
is_ready() {
    ask='import sys, urllib.request as web; web.build_opener(web.ProxyHandler({})).open(sys.argv[1], timeout=3)'
    until=$(($(date +%s) + wait))
    began=$(restarts)
    while ! "$home/current/.venv/bin/python" -c "$ask" "http://${host:-127.0.0.1}:${port:-3003}/readyz" 2>/dev/null; do
        [ "$(restarts)" = "$began" ] || { say "It ended as soon as it was started." && return 1; }
        [ "$(date +%s)" -lt "$until" ] || { say "It was not ready within $wait seconds." && return 1; }
        sleep 1
    done
}

restarts() {
    service show --property=NRestarts --value informejo.service
}

main "$@"
