// Package option has options that are functions: literals that are inlined into the caller.
package option

// Names is a list of names.
type Names struct{ list []string }

// With adds names.
func With(names ...string) func(*Names) {
	return func(n *Names) {
		n.list = append(n.list, names...) // @with
	}
}

// New gives a list with options, and how long it is.
func New(options ...func(*Names)) int {
	names := &Names{}
	for _, o := range options {
		o(names)
	}
	return len(names.list)
}
