#!/usr/bin/env bash
# Make a stand-in for the base image out of this machine's own Python 3.12, for where no registry can be reached.
# It has the base's folders, entry point, runtime client and emulator; it is for trying out, never for deploying.
# usage: stand_in.sh ENGINE NAME
set -euo pipefail
cd "$(dirname "$0")/../.."
engine=$1 name=$2

say() { echo "stand-in: $*" >&2; }

python=
for candidate in "${PYTHON312:-}" python3.12 "$(pyenv root 2>/dev/null || true)"/versions/3.12.*/bin/python3.12; do
  if "$candidate" -c 'import ssl, sqlite3, ensurepip' >/dev/null 2>&1; then python=$candidate; break; fi
done
[ -n "$python" ] || { say "it is made of Python 3.12, which is not here: name one in PYTHON312=/path/to/python3.12"; exit 3; }
emulator=$(find -L .venv-tools -path '*/rapid/aws-lambda-rie-x86_64' | head -1)
[ -n "$emulator" ] || { say "the Lambda emulator is not in .venv-tools: run 'make tools'"; exit 3; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,dev,etc/ssl/certs,lib64,opt,proc,sys,usr/bin,usr/local/bin,var/lang,var/runtime,var/task}
mkdir -m 1777 "$root/tmp"

# the interpreter with its own library, and pip out of what it bundles
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
tar -C "$prefix" --exclude=test --exclude=tests --exclude=__pycache__ --exclude='config-*' --exclude=idlelib \
  --exclude='*tkinter*' --exclude='*.a' --exclude='lib/python*/site-packages/*' -c bin lib | tar -C "$root/var/lang" -x
PYTHONHOME=$root/var/lang "$root/var/lang/bin/python3.12" -m ensurepip --default-pip >/dev/null 2>&1

# a shell, the few programs that a Dockerfile uses, and every shared library that any of it links to
for program in /bin/sh /bin/cat /bin/chmod /bin/cp /bin/ls /bin/mkdir /bin/mv /bin/rm /usr/bin/env /usr/bin/id; do
  cp -L "$program" "$root$program"
done
libraries() { find "$root" -type f \( -name '*.so*' -o -perm -u+x \) -exec ldd {} + 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | sort -u; }
while read -r library; do
  case $library in "$root"*) continue ;; esac
  mkdir -p "$root$(dirname "$library")" && cp -Ln "$library" "$root$library"
done < <(libraries || true; PATH=$PATH:/sbin ldconfig -p | grep -oE '/[^ ]*x86_64[^ ]*/(libnss_(dns|files)|libresolv|libgcc_s|libstdc\+\+|libpthread|libdl|librt|libutil)\.so\.[0-9]+$')
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"

# Lambda's own: the emulator, the runtime client with boto3, and what starts them
install -m 755 "$emulator" "$root/usr/local/bin/aws-lambda-rie"
.venv/bin/uv pip install --quiet --python "$python" --target "$root/var/runtime" --require-hashes --no-deps \
  -r infra/packages/runtime.lock
cat >"$root/lambda-entrypoint.sh" <<'ENTRY'
#!/bin/sh
export _HANDLER="$1"
[ -n "$AWS_LAMBDA_RUNTIME_API" ] || exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
exec /var/runtime/bootstrap
ENTRY
cat >"$root/var/runtime/bootstrap" <<'BOOT'
#!/bin/sh
export PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}/var/runtime"
exec /var/lang/bin/python3.12 -m awslambdaric "$_HANDLER"
BOOT
chmod 755 "$root" "$root/lambda-entrypoint.sh" "$root/var/runtime/bootstrap"

libs=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib
tar -C "$root" --owner=0 --group=0 -c . | "$engine" import \
  --change 'ENTRYPOINT ["/lambda-entrypoint.sh"]' --change 'WORKDIR /var/task' --change "ENV LD_LIBRARY_PATH=$libs" \
  --change 'ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin' --change 'ENV LAMBDA_TASK_ROOT=/var/task' \
  --change 'ENV LAMBDA_RUNTIME_DIR=/var/runtime' --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
  - "$name" >/dev/null
say "$name is made of $("$python" --version) of this machine, $(du -sm "$root" | cut -f1) MB"
