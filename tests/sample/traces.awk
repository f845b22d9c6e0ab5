# The output of pprof -traces -lines: for each stack its objects, the innermost line outside the runtime, and the line of the function
# that it is inlined into, as OBJECTS, FILE:LINE, FILE:LINE with tabs between.
function flush() {
	if (objects && inner != "")
		total[inner "\t" outer] += objects
	objects = 0
	inner = outer = ""
	open = 0
}

function base(text) {
	sub(/.*\//, "", text)
	return text
}

/^-+\+-+$/ {
	flush()
	next
}

/^ *[0-9]+ / && !objects {
	objects = $1
	sub(/^ *[0-9]+ +/, "")
}

objects {
	line = $0
	sub(/^ +/, "", line)
	is_inline = sub(/ \(inline\)$/, "", line)
	at = line
	sub(/.* /, "", at)
	if (inner == "") {
		if (line ~ /^(runtime\.|internal\/runtime\/|reflect\.unsafe_New|internal\/bytealg\.MakeNoZero)/)
			next
		inner = outer = base(at)
		open = is_inline
	} else if (open) {
		outer = base(at)
		open = is_inline
	}
}

END {
	flush()
	for (key in total)
		print total[key] "\t" key
}
