package lib

// Map is called in one place only, with a literal: it is inlined there, and neither its shaped body nor the instance that
// calls that is left in the binary.
func Map[T, U any](in []T, f func(T) U) []U {
	out := make([]U, 0, len(in)) // @dropped-map
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

type flag struct{ n int }

func (f flag) MustBe(n int) {
	if f.n != n {
		panic(&Error{n}) // @dropped-promoted
	}
}

type Error struct{ n int }

// Value has a method of a type that it embeds: for each type with such a value in it the compiler makes a wrapper.
type Value struct{ flag }

func New(n int) Value { return Value{flag{n}} }

// Unused is called by nobody.
func Unused(n int) []int {
	grown := make([]int, n) // @dropped-unused
	return grown
}

// Stays is called by nobody, and what it makes stays on the stack.
func Stays(s string) bool {
	return "x"+s == "xx" // @dropped-stays
}
