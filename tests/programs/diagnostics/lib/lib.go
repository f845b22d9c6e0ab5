// Package lib is inlined into another.
package lib

var kept []any

func New() *int { // @lib-new
	return new(int) // @lib-new-int
}

// Keep is too large to inline.
func Keep(values ...any) { // @lib-keep
	for _, v := range values {
		for i := range kept {
			if kept[i] == nil {
				kept[i] = v
				return
			}
		}
		kept = append(kept, v) // @lib-append
	}
}
