// Package feed collects what outlets publish on the web: RSS, Atom and JSON
// feeds, polled politely and pushed by WebSub, sitemaps, and the full text of
// articles.
//
// Posts are of the platform "web". The account is the outlet, by the
// registrable domain that the feed was configured under, not by what the feed
// says of itself: a feed cannot speak in another outlet's name. Whoever adds a
// source marks that account as an outlet (see package mandate).
//
// An entry is known by its guid, else by its canonical address, else by a hash
// of what it says; ids that are no address of the outlet's own domain are put
// under that domain. An entry that changed becomes a new version of its post.
package feed
