#!/usr/bin/env bats
# make deb: a Debian package, installed, used and removed again on a clean Debian of this suite.

load helper

setup_file() {
	complaints=0
	[ "$(id -u)" -eq 0 ] || skip_or_fail "not root"
	make -s -C "$top" O="$ESCAUDIT_BUILD" deb >"$BATS_FILE_TMPDIR/deb" 2>&1 || { cat "$BATS_FILE_TMPDIR/deb"; return 1; }
}

setup() {
	complaints=0
	# shellcheck source=scripts/chroot.bash
	. "$top/scripts/chroot.bash"
	debs=$ESCAUDIT_BUILD/deb
	deb=$(cd "$debs" && ls escaudit_*.deb)
}

# clean_debian: sets clean to the root folder of one, with what apt needs to install the package from a cache.
clean_debian() {
	local suite
	suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
	clean=${XDG_CACHE_HOME:-$HOME/.cache}/escaudit/clean-$suite
	fetch() { debian_run -k -b "$debs:/debs" "$clean" apt-get -q install -y --no-install-recommends --download-only "/debs/$deb" 2>&1; }
	debian_root deb.bats "$suite" "$clean" && { fetch || { debian_run -k "$clean" apt-get -q update && fetch; }; }
}

@test "the package asks for libraries and nothing else, and lintian has no error" {
	local depends
	! grep -E '^E:' "$BATS_FILE_TMPDIR/deb" || complain "lintian"
	depends=$(dpkg-deb -f "$debs/$deb" Depends | tr ',' '\n' | sed 's/^ *//; s/ .*//' | grep -vE '^(lib[a-z0-9.+-]*|zlib1g)$') || true
	[ -z "$depends" ] || complain "depends on $depends"
	[ "$(dpkg-deb -f "$debs/$deb" Version)" = "$("$ESCAUDIT" --version | cut -d ' ' -f 2)" ] || complain "version"
	[ -z "$(dpkg-deb -I "$debs/$deb" | grep -E '(pre|post)(inst|rm)')" ] || complain "it has maintainer scripts"
	# Nothing of it beside the tree.
	[ -z "$(find "$top/.." -maxdepth 1 -name 'escaudit_*')" ] || complain "products beside the tree"
	[ "$complaints" -eq 0 ]
}

@test "installed, used and removed again" {
	need_bpf
	use_go
	local program said
	program=$(build_go capture CGO_ENABLED=0)
	clean_debian || complain "no clean Debian"
	cat >"$BATS_TEST_TMPDIR/use" <<-'END'
		set -eu
		find / -xdev ! -path '/var/*' ! -path '/run/*' ! -path '/tmp/*' ! -path '/etc/ld.so.cache' 2>/dev/null | sort >/tmp/before
		# Without the network: what is missing was fetched before.
		unshare -n apt-get -q install -y --no-install-recommends /debs/$1 >/tmp/apt 2>&1 || { cat /tmp/apt; exit 1; }
		escaudit doctor >&2
		escaudit record -o /tmp/rec -- /program/capture >/tmp/truth
		escaudit top --json --limit 0 /tmp/rec >/results/top
		cp /tmp/truth /results/
		dpkg -L escaudit | grep -E '/(man1|completions|vendor-completions|system|schema|doc/escaudit)/|schema.json' >/results/files
		dpkg --verify escaudit
		apt-get -q purge -y escaudit >/tmp/apt 2>&1 && apt-get -q autoremove --purge -y >>/tmp/apt 2>&1 || { cat /tmp/apt; exit 1; }
		find / -xdev ! -path '/var/*' ! -path '/run/*' ! -path '/tmp/*' ! -path '/etc/ld.so.cache' 2>/dev/null | sort | diff /tmp/before - >/results/left || true
		[ ! -e /var/lib/dpkg/info/escaudit.list ]
	END
	mkdir "$BATS_TEST_TMPDIR/results"
	expect_status 0 debian_run -b "$debs:/debs" -b "${program%/*}:/program" -b "$BATS_TEST_TMPDIR:/scripts" -b "$BATS_TEST_TMPDIR/results:/results" \
		"$clean" sh /scripts/use "$deb"
	[ "$complaints" -eq 0 ] || { echo "$out"; return 1; }
	expect_message '^recording works'
	[ "$(jq '[.lines[].objects] | add' "$BATS_TEST_TMPDIR/results/top")" = "$(jq .mallocs "$BATS_TEST_TMPDIR/results/truth")" ] || complain "counts"
	local name
	for name in man1/escaudit.1.gz man1/escaudit-record.1.gz bash-completion/completions/escaudit vendor-completions/_escaudit \
		escaudit/escaudit.schema.json systemd/system/escaudit@.service; do
		grep -q "/$name\$" "$BATS_TEST_TMPDIR/results/files" || complain "no $name: $(cat "$BATS_TEST_TMPDIR/results/files")"
	done
	[ ! -s "$BATS_TEST_TMPDIR/results/left" ] || complain "left: $(cat "$BATS_TEST_TMPDIR/results/left")"
	# The clean one is clean.
	[ ! -e "$clean/usr/bin/escaudit" ] || complain "it was installed into the cached root folder"
	[ "$complaints" -eq 0 ]
}
