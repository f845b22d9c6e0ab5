// Package inner is another package of the same module.
package inner

type Logger struct{ last interface{} }

//go:noinline
func (l *Logger) Log(v interface{}) { l.last = v }
