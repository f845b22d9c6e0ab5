//go:build !go1.24

package main

func watch(r *resource) {}
