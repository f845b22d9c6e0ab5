package other

// Flags has a wrapper whose sums of strings the compiler says nothing of.
type Flags uint8

func (f Flags) String() string {
	var s string
	if f&2 != 0 {
		s += "a" // @flags-first
	}
	if f&1 != 0 {
		s += "b" // @flags-second
	}
	return s
}
