package duck

import "sync"

// names numbers the strings that recur: platforms, languages, sources, channels.
// Numbers are never given up.
type names struct {
	mu sync.RWMutex
	of map[kind]*nameList
}

type nameList struct {
	number map[string]int64
	text   []string
}

func newNames() *names {
	n := &names{of: make(map[kind]*nameList)}
	for _, k := range []kind{kindPlatform, kindLang, kindSource, kindChannel} {
		n.of[k] = &nameList{number: make(map[string]int64)}
	}
	return n
}

// find gives the number of a name, -1 where it has none.
func (n *names) find(k kind, s string) int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if i, have := n.of[k].number[s]; have {
		return i
	}
	return -1
}

// add gives a name the next number.
func (n *names) add(k kind, s string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.of[k]
	i := int64(len(l.text))
	l.number[s] = i
	l.text = append(l.text, s)
	return i
}

// drop takes back the names from a number on, whose batch was not kept.
func (n *names) drop(k kind, from int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.of[k]
	for _, s := range l.text[from:] {
		delete(l.number, s)
	}
	l.text = l.text[:from]
}

// count says how many names there are.
func (n *names) count(k kind) int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.of[k].text)
}

// text gives the name of a number.
func (n *names) text(k kind, i int64) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if l := n.of[k].text; i >= 0 && i < int64(len(l)) {
		return l[i]
	}
	return ""
}

// where gives the numbers of the names that keep says yes to.
func (n *names) where(k kind, keep func(string) bool) []int64 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var out []int64
	for i, s := range n.of[k].text {
		if keep(s) {
			out = append(out, int64(i))
		}
	}
	return out
}
