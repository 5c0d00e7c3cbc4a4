#!/bin/sh
# Is on this machine what pellucid is built with? Asked before any environment is made, by `make` or by hand:
#     sh .ci/machine.sh [PYTHON]
# Prints nothing where all is there. Otherwise it names everything that is missing at once, with the one line that installs
# it, and exits with 1. Plain POSIX sh: there may be no Python yet.
python=${1:-python3}
oldest=11 # 3.11

missing=''  # what a reader is told, a line each
packages='' # what the line to install names
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
there() { command -v "$1" >/dev/null 2>&1; }
lacks() { # lacks WHAT apt dnf pacman brew: the packages of whichever is here
    missing="$missing
  $1"
    shift
    case $manager in
    apt-get) packages="$packages $1" ;;
    dnf) packages="$packages $2" ;;
    pacman) packages="$packages $3" ;;
    brew) packages="$packages $4" ;;
    esac
}

for manager in apt-get dnf pacman brew ''; do
    [ -z "$manager" ] || ! there "$manager" || break
done

# Debian and Fedora cut Python into packages named as the command is (python3, python3.12).
debian=python3 fedora=python3 brewed=python
case ${python##*/} in
python3.[0-9]*) debian=${python##*/} fedora=$debian brewed=python@${debian#python} ;;
esac

# -- Python, and two parts of it that Debian leaves out
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>"$work/said")
if [ -z "$version" ]; then
    said='no such command'
    there "$python" && said=$(tail -n 1 "$work/said")
    lacks "Python 3.$oldest or newer: '$python' does not run (${said:-it printed nothing})" \
        "$debian $debian-venv $debian-dev" "$fedora $fedora-devel" python "$brewed"
elif [ "${version%%.*}" -ne 3 ] || [ "${version#*.}" -lt "$oldest" ]; then
    newer=''
    for minor in 19 18 17 16 15 14 13 12 11; do
        there "python3.$minor" && newer="python3.$minor" && break
    done
    if [ -n "$newer" ]; then
        lacks "Python 3.$oldest or newer: '$python' is $version; $newer is here, so say: make PYTHON=$newer …" '' '' '' ''
    else
        lacks "Python 3.$oldest or newer: '$python' is $version; with the package below say: make PYTHON=python3.12 …" \
            'python3.12 python3.12-venv python3.12-dev' 'python3.12 python3.12-devel' python python@3.12
    fi
else
    "$python" -c 'import venv, ensurepip' 2>"$work/said" ||
        lacks "venv with ensurepip, which makes environments: $(tail -n 1 "$work/said")" "$debian-venv" "$fedora" python "$brewed"
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -f "$include/Python.h" ] ||
        lacks "Python's header, which the kernels include: no $include/Python.h" "$debian-dev" "$fedora-devel" python "$brewed"
fi

# -- a C compiler; one without the C library's headers is half of one
compiler=''
if [ -n "$CC" ]; then # what CC says is used or missing: nobody else is asked
    there "${CC%% *}" && compiler=$CC
else
    for name in gcc clang cc; do
        there "$name" && compiler=$name && break
    done
fi
if [ -z "$compiler" ]; then
    lacks "a C compiler: no ${CC:-gcc, clang or cc} on PATH" 'gcc libc6-dev' gcc gcc llvm
else
    printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' >"$work/try.c"
    # shellcheck disable=SC2086 # CC may have words: ccache gcc
    $compiler "$work/try.c" -o "$work/try" >"$work/said" 2>&1 ||
        lacks "the C library's headers: $compiler says: $(grep -m 1 -i error "$work/said" || head -n 1 "$work/said")" \
            libc6-dev glibc-devel glibc llvm
fi

there make || lacks 'make' make make make make

# -- certificates, without which nothing can be fetched (PEM files where the systems keep them)
certificates=''
for place in "$SSL_CERT_FILE" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem \
    /etc/ssl/cert.pem "${SSL_CERT_DIR:-/etc/ssl/certs}"/*; do
    [ -s "$place" ] && certificates=$place && break
done
[ -n "$certificates" ] ||
    lacks 'certificates to trust: none under /etc/ssl or /etc/pki, and SSL_CERT_FILE names none' \
        ca-certificates ca-certificates ca-certificates ca-certificates

[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086 # words, and none for what is installed already
set -- $packages
packages="$*"
case $manager in
apt-get) line="sudo apt-get update && sudo apt-get install $packages" ;;
dnf) line="sudo dnf install $packages" ;;
pacman) line="sudo pacman -S --needed $packages" ;;
brew) line="brew install $packages" ;;
'') line='' ;;
esac
{
    printf 'This machine lacks what pellucid is built with:%s\n' "$missing"
    if [ -n "$packages" ] && [ -n "$line" ]; then
        printf 'This installs it:\n  %s\n' "$line"
    elif [ -z "$manager" ]; then
        printf 'Install it by the means of your system (none of apt, dnf, pacman and brew is here).\n'
    fi
} >&2
exit 1
