package normalise

// This file is the list of query parameters that say how a reader came to a
// page and not which page it is. A parameter belongs here only if dropping it
// leads to the same page on every site that uses it; words that some sites use
// for content ("ref", "id", "from", "s") are listed under those sites alone,
// in siteParameter.

// tracking says that the parameter with this lower-case name is dropped from
// the query of an address on host.
func tracking(host, key string) bool {
	for _, prefix := range [...]string{"utm_", "hsa_", "mtm_", "_x_tr_", "guce_referrer"} {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
			return true
		}
	}
	switch key {
	case
		// Facebook, Instagram and Threads.
		"fbclid", "fb_action_ids", "fb_action_types", "fb_source", "fb_ref", "fb_comment_id",
		"mibextid", "igshid", "igsh", "ig_rid", "xmt",
		// Google: advertisements, analytics, AMP.
		"gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid",
		"srsltid", "_ga", "_gl", "usqp", "amp_js_v", "amp_gsa", "amp_ct",
		// X, Microsoft, TikTok, LinkedIn, Pinterest, Snapchat, Reddit.
		"ref_src", "ref_url", "__twitter_impression", "twclid", "msclkid", "ocid",
		"ttclid", "li_fat_id", "epik", "sccid", "rdt_cid",
		// Yandex, VK, Mail.ru and other Russian services.
		"yclid", "ysclid", "ymclid", "_openstat", "vk_ad_id", "rb_clickid", "mt_click_id",
		// Alibaba, Weibo, Bilibili.
		"spm", "scm", "spm_id_from", "vd_source",
		// E-mail campaigns: Mailchimp, Marketo, HubSpot, Omeda, Vero, MailerLite.
		"mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking",
		"oly_anon_id", "oly_enc_id", "vero_id", "vero_conv", "ml_subscriber", "ml_subscriber_hash",
		"nr_email_referer", "_bta_tid", "_bta_c",
		// Analytics: Matomo, AT Internet, Webtrekk, Adobe, Wicked Reports.
		"pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content", "pk_cid",
		"piwik_campaign", "piwik_kwd", "matomo_campaign",
		"at_medium", "at_campaign", "at_campaign_type", "at_link_id", "at_link_origin", "at_link_type",
		"at_format", "at_ptr_name", "at_bbc_team", "at_custom1", "at_custom2", "at_custom3", "at_custom4",
		"xtor", "wt_mc", "wtrid", "s_kwcid", "wickedid",
		// Newsrooms' own: BBC, The New York Times, Yahoo, Daily Mail.
		"ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee",
		"smid", "smtyp", "guccounter", "soc_src", "soc_trk", "ito", "cmpid":
		return true
	}
	return siteParameter(host, key)
}

// siteParameter lists the parameters that only track on the host named, in its
// canonical form.
func siteParameter(host, key string) bool {
	switch host {
	case "x.com":
		switch key {
		case "s", "t", "cxt", "cn", "refsrc":
			return true
		}
	case "facebook.com":
		switch key {
		case "ref", "refid", "fref", "hc_ref", "hc_location", "__tn__", "__xts__", "__cft__", "__eep__",
			"__xts__%5b0%5d", "__cft__%5b0%5d", "rdid", "share_url", "sfnsn", "paipv", "eav",
			"notif_t", "notif_id", "_rdr", "_rdc", "locale", "wtsid", "extid":
			return true
		}
	case "instagram.com":
		switch key {
		case "hl", "utm", "ig_mid":
			return true
		}
	case "tiktok.com":
		switch key {
		case "_r", "_t", "_d", "is_from_webapp", "is_copy_url", "sender_device", "sender_web_id", "web_id",
			"share_app_id", "share_author_id", "share_link_id", "share_item_id", "tt_from", "u_code",
			"user_id", "sec_user_id", "timestamp", "refer", "referer_url", "checksum", "social_sharing":
			return true
		}
	case "linkedin.com":
		switch key {
		case "trk", "trackingid", "lipi", "rcm", "originalsubdomain":
			return true
		}
	case "reddit.com":
		switch key {
		case "share_id", "rdt", "context", "st", "sh", "ref", "ref_source":
			return true
		}
	case "open.spotify.com":
		switch key {
		case "si", "nd", "context":
			return true
		}
	case "t.me":
		return key == "single"
	case "vk.com":
		return key == "from" || key == "ref"
	case "bilibili.com":
		switch key {
		case "share_source", "share_medium", "share_plat", "share_session_id", "share_tag", "share_times", "bbid", "ts", "unique_k", "from_source", "seid":
			return true
		}
	}
	return false
}
