package file

import (
	"errors"
	"math"

	"github.com/tidwall/gjson"

	"github.com/akashi-project/akashi/internal/post"
)

// XPage reads a page of version 2 of the X API, or an event of its stream, as
// files of the format x-api are read. bad counts the posts of it that cannot be
// read.
func XPage(page []byte) (posts []post.Post, bad int, err error) {
	v := gjson.ParseBytes(page)
	if !v.IsObject() {
		return nil, 0, errors.New("the page is no object")
	}
	o := &objects{settings: settings{need: NeedAll, maxRecord: math.MaxInt}, format: &xAPIFormat}
	out := &batch{}
	e := &entry{objects: o, out: out}
	if data := v.Get("data"); data.IsArray() {
		e.pages(data.Array(), func(t gjson.Result) *rowError { return readTweet(e, t, v) })
	} else if data.IsObject() {
		e.pages([]gjson.Result{data}, func(t gjson.Result) *rowError { return readTweet(e, t, v) })
	}
	return out.posts, int(out.bad), nil
}
