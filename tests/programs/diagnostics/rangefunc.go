//go:build go1.23

package main

var source = upTo

func init() { // @rangefunc-init
	size += firstAbove(2)
	total := 0
	for v := range upTo { // @rangefunc-stays
		total += v
	}
	size += total
}

//go:noinline
func firstAbove(limit int) int { // @rangefunc-result
	last := 0               // @rangefunc-last
	for v := range source { // @rangefunc-escapes
		if v > limit {
			return v
		}
		last = v
	}
	return last
}

//go:noinline
func upTo(yield func(int) bool) { // @rangefunc-yield
	for i := 0; i < size; i++ {
		if !yield(i) {
			return
		}
	}
}
