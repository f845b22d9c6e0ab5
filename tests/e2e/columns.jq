# What is wrong with the columns of sites, a sentence a line.
#
#   jq -r --slurpfile sources SOURCES -f columns.jq SITES
#
# SITES: sites --json. SOURCES: [{file: text}], of ASCII. A column is right where the source text that is said to stand there does: the
# token is in it, or is the assignment operator before it; and where another level of the inline chain has its call.

($sources[0] | map_values({
	text: .,
	lines: split("\n"),
	starts: (split("\n") | reduce .[] as $line ({at: 0, starts: []}; .starts += [.at] | .at += ($line | length) + 1) | .starts)
})) as $files |

def offset($file; $line; $column): $files[$file].starts[$line - 1] + $column - 1;

# As a regular expression: between tokens there may be comments and ends of lines where the expression has a blank, and function literals
# are called that.
def spelled: gsub("(?<c>[^A-Za-z0-9_ ])"; "\\\(.c)") | gsub("func literal"; "func[(](.|\n)*?") | gsub(" "; "(\\s|//[^\n]*\n|/[*]([^*]|[*][^/])*[*]/)*");

# The token at a place stands for the text.
def stands_for($text; $at; $expr):
	if $expr == "func literal" then $text[$at:$at + 4] == "func"
	else
		([0, $at - 1000] | max) as $from |
		($expr | endswith("…")) as $cut |
		any($text[$from:$at + 1000] | match($expr | rtrimstr("…") | spelled; "g"); (.offset + $from) as $i |
			($i <= $at and ($at < $i + .length or $cut)) or
			($i > $at and ($text[$at:$i] | test("^:?=\\s*$"))))
	end;

.sites[] | select(.columns != null) | . as $site | ($files[.file] // null) as $file |
	if .columns_from != "twin" then "\(.file):\(.line): columns from \(.columns_from)" else empty end,
	(select($file != null and .columns[0] != null) |
		if .line > ($file.lines | length) then "\(.file):\(.line): no such line"
		elif .expr == null then "\(.file):\(.line):\(.columns[0]): no expression"
		elif stands_for($file.text; offset(.file; .line; .columns[0]); .expr) | not then
			"\(.file):\(.line):\(.columns[0]): no \(.expr) there, but \($file.lines[.line - 1][.columns[0] - 1:])"
		else empty end),
	# Callers: where they are written, a parenthesis opens, or a loop over a function begins.
	(select((.inline | length) == (.columns | length)) | range(1; .inline | length) as $i |
		(.inline[$i].file | . as $path | $files | keys | map(select(. as $name | $path | endswith("/" + $name))) | first) as $name |
		select($name != null and $site.columns[$i] != null) |
		$files[$name].lines[$site.inline[$i].line - 1][$site.columns[$i] - 1:] as $rest |
		select($rest | test("^([(]|for\\b)") | not) | "\($name):\($site.inline[$i].line):\($site.columns[$i]): no call there, but \($rest)")
