# What is wrong with an audit of the catalogue, a sentence a line.
#
#   jq -r --slurpfile expected EXPECTATIONS --slurpfile markers MARKERS --slurpfile calls CALLS -f catalogue.jq AUDIT
#
# EXPECTATIONS: rows of catalogue.tsv as arrays; MARKERS: [{marker, file, line}]; CALLS: {case: calls}.

def case: split(".")[0] | split("@")[0];
def file_and_line: split("@")[1] | capture("^(?<file>.*):(?<line>[0-9]+)$") | .line |= tonumber;

# What the runtime makes when it has none left over, on whatever line that happens.
def is_pooled: .verdict == "unpredicted" and
	(.cause == "go statement" or .type == "runtime._defer" or (.cause == "runtime internal" and .type != "runtime.boundsError"));

def within($found; $wanted; $calls):
	if $wanted == "." then true
	elif $wanted | endswith("+") then $found >= ($wanted[:-1] | tonumber) * $calls
	elif $wanted | endswith("~") then (($wanted[:-1] | tonumber) * $calls) as $n | $found >= $n and $found <= $n * 1.02 + 5
	else $found == ($wanted | tonumber) * $calls end;

def fits($row; $calls):
	(.verdict + if .ambiguous then "?" else "" end) == $row.verdict
	and ($row.cause == "." or .cause == $row.cause)
	and ($row.type == "." or .type == $row.type)
	and within(.objects // 0; $row.objects; $calls)
	and ($row.bytes == "." or .bytes == .objects * ($row.bytes | tonumber));

# As the expectations name it: "EXPR", "- SOURCE" for what was not predicted, and either with " :COLUMN" behind it.
def named: (if .verdict == "unpredicted" then "-" + (.expr // "" | if . == "" then . else " " + . end) else .expr // "-" end);
def is_named($wanted): named as $name | $wanted == $name or $wanted == "\($name) :\(.column)";

def text: "\(.verdict)\(if .ambiguous then "?" else "" end), \(.cause), \(.type), \(.objects) objects, \(.bytes) bytes";

. as $audit | $calls[0] as $calls |
($markers[0] | map({key: .marker, value: {file, line}}) | from_entries) as $at |
[$expected[0][] | {marker: .[0], expr: .[2], verdict: .[3], cause: .[4], type: .[5], objects: .[6], bytes: .[7]}
	| select(.verdict != "elsewhere" and .verdict != "nothing")
	| . + (if .marker | contains("@") then .marker | file_and_line else $at[.marker] // {file: null, line: null} end)] as $rows |
($rows[] | select(.file == null) | "no marker @\(.marker)"),
([$at[], ($rows[] | {file, line})] | unique) as $places |
($audit.verdicts | map(select(is_pooled | not)) | group_by([.file, .line]) | map({key: "\(.[0].file):\(.[0].line)", value: .}) | from_entries) as $found |
($rows | group_by([.file, .line]) | map({key: "\(.[0].file):\(.[0].line)", value: .}) | from_entries) as $wanted |
($places[] | "\(.file):\(.line)" as $place |
	# Each verdict takes a row that it fits; what is left over on either side is wrong.
	reduce ($found[$place] // [])[] as $v ({rows: ($wanted[$place] // []), left: []};
		([.rows | to_entries[] | select(.value.expr as $wanted | $v | is_named($wanted)) |
			(($calls[.value.marker | case]) // 1) as $n | select(.value as $row | $v | fits($row; $n)) | .key] | first) as $i |
		if $i == null then .left += [$v] else .rows |= del(.[$i]) end)
	| (.rows[] | "\($place) @\(.marker) \(.expr): no \(.verdict) (\(.cause), \(.type), \(.objects) objects a call, \(.bytes) bytes)"),
	  (.left[] | "\($place) \(named) :\(.column): \(text)"))
