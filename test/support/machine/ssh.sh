#!/bin/bash
# Stands in for ssh between emulated machines: a command there, or a tunnel to a port of its loopback.
forward=
while [[ $1 == -* ]]; do
  if [[ $1 == -L ]]; then forward=$2; shift; fi
  shift
done
host=${1#*@}
shift
pid=$(cat "/mnt/machines/${host%%.*}.pid") || exit 255
there=/mnt/proc/$pid/ns
if [[ -n $forward ]]; then
  IFS=: read -r from to_host to <<<"$forward"
  export there to_host to
  # shellcheck disable=SC2016
  setsid perl -MIO::Socket::INET -e '
    $SIG{CHLD} = "IGNORE";
    $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => shift, Listen => 5, ReuseAddr => 1) or die $!;
    while ($c = $s->accept) {
      next if fork;
      open STDIN, "<&", $c; open STDOUT, ">&", $c;
      exec "nsenter", "--net=$ENV{there}/net", "bash", "-c", q(exec 3<>/dev/tcp/$to_host/$to; cat <&3 & pid=$!; cat >&3; kill $pid);
    }' "$from" </dev/null >/dev/null 2>&1 &
  sleep 0.3
  exit 0
fi
exec nsenter --mount="$there/mnt" --net="$there/net" -w/root -- env -i HOME=/root PATH="$PATH" bash -c "$*"
