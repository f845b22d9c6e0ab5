package main

//go:noinline
func strings(a, b string) {
	text = a + b                  // @strings-concat
	text = a + ": " + b           // @strings-concat-three
	bytes = []byte(a)             // @strings-bytes
	text = string(bytes)          // @strings-string
	any1 = []rune(b)              // @strings-runes
	for _, c := range []byte(a) { // @strings-zero-copy
		size += int(c)
	}
	local := a + b // @strings-stays
	size += len(local)
	ints = append(ints, 1) // @strings-append
	var few []int
	few = append(few, size, 2) // @strings-append-stays
	size += few[size&1]
}
