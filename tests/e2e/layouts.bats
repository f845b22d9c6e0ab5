#!/usr/bin/env bats
# How struct types lie in memory, and how they would lie better: by what Go's reflection says of the same types, and by what
# it makes of their fields in another order.

load helper

@test "fields, sizes and best sizes are those of reflection, in stripped and position-independent programs too" {
	check() {
		local t=$BATS_TEST_TMPDIR program kind flags name size best
		program=$(build_go fields)
		"$program" >"$t/truth" || complain "fields failed"
		for kind in plain -ldflags=-s\ -w -buildmode=pie; do
			flags=("$kind")
			[ "$kind" != plain ] || flags=()
			program=$(build_go fields "${flags[@]}")
			expect_status 0 "$ESCAUDIT" sites --json --limit 0 "$program"
			jq -r '.types[] | select(.package == "main") | .name as $name | .fields[] | "field \($name) \(.name) \(.offset) \(.size)"' \
				<"$t/out" | sort >"$t/fields"
			diff <(grep '^field' "$t/truth" | sort) "$t/fields" || complain "$kind: other fields"
			jq -r '.types[] | select(.package == "main") | "\(.name) \(.size) \(.best_size) \(.order | join(" "))"' <"$t/out" >"$t/orders"
			[ "$(wc -l <"$t/orders")" -eq 11 ] || complain "$kind: $(cat "$t/orders")"
			while read -r name size best order; do
				[ "$name" != main.blank ] || { [ "$size" = "$best" ] || complain "$kind: $name pads itself: $best"; continue; }
				[[ $(grep -F "type $name " "$t/truth") == "type $name $size "* ]] || complain "$kind: $name: $size"
				[ "$name" = main.many ] || [[ $(grep -F "type $name " "$t/truth") == *" $best" ]] ||
					complain "$kind: $name: $best is not the best: $(grep -F "type $name " "$t/truth")"
				# shellcheck disable=SC2086
				[ "$("$program" order "$name" $order)" = "$best" ] || complain "$kind: $name: the order $order has $("$program" order "$name" $order), not $best"
			done <"$t/orders"
		done
	}
	for_each_go check
}

@test "sites and top say what would take less, in one line, and once" {
	need_bpf
	check() {
		local t=$BATS_TEST_TMPDIR program
		program=$(build_go fields)
		expect_status 0 "$ESCAUDIT" sites --package main "$program"
		grep -qF '20 of 40 bytes are padding; in the order id, next, small, ready, kind: 24 (slot 48 → 24)' "$t/out" || complain "scattered: $(cat "$t/out")"
		grep -qF '14 of 64 bytes are padding; with a behind d: 56 (slot 64 either way)' "$t/out" || complain "sameSlot"
		grep -qF '2 of 6 bytes are padding; with a behind c: 4' "$t/out" || complain "tiny"
		[ "$(grep -cF '20 of 40 bytes' "$t/out")" -eq 1 ] || complain "more than once"
		[ "$(grep -A 1 'main.tight ' "$t/out" | grep -c padding)" -eq 0 ] || complain "tight has nothing to save"
		expect_status 0 "$ESCAUDIT" record -o "$t/r.gz" -- "$program"
		expect_status 0 "$ESCAUDIT" top --key type --limit 0 "$t/r.gz"
		grep -A 1 'main.large$' "$t/out" | grep -qF '14 of 520 bytes are padding; with a behind d: 512 (slot ' || complain "top: $(cat "$t/out")"
		expect_status 0 "$ESCAUDIT" top --key type --json --limit 0 "$t/r.gz"
		jq -e '.types[] | select(.name == "main.oneMove") | .best_slot == 24 and .order == ["a", "b", "last", "flag"]' <"$t/out" >/dev/null ||
			complain "top --json: $(jq -c '.types[] | select(.package == "main")' <"$t/out")"
	}
	for_each_go check 1.19 1.27
}
