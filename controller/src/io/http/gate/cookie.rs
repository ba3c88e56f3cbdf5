//! The cookies: the session, and the colours that somebody chose.

use axum::http::{HeaderMap, HeaderValue, header};

const SESSION: &str = "bulkhead";
/// Over HTTPS the name itself forbids every other host and the plain protocol to set it (RFC 6265bis, `__Host-`).
const SECURE_SESSION: &str = "__Host-bulkhead";
const THEME: &str = "bulkhead-theme";

/// The session that a request carries.
pub(in crate::io::http) fn session(headers: &HeaderMap) -> Option<String> {
    find(headers, SECURE_SESSION).or_else(|| find(headers, SESSION)).map(str::to_owned)
}

/// The colours that a request asks for: `light`, `dark`, or empty for the system's.
pub(in crate::io::http) fn theme(headers: &HeaderMap) -> &'static str {
    match find(headers, THEME) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "",
    }
}

/// Keeps a session in the browser, for as long as it lives without being used.
pub(in crate::io::http) fn keep_session(secret: &str, https: bool) -> HeaderValue {
    make(https, secret, 7 * 24 * 3600)
}

/// Takes it out again.
pub(in crate::io::http) fn drop_session(https: bool) -> HeaderValue {
    make(https, "", 0)
}

/// Keeps the colours for a year.
pub(in crate::io::http) fn keep_theme(theme: &str) -> HeaderValue {
    let theme = if matches!(theme, "light" | "dark") { theme } else { "auto" };
    header_value(&format!("{THEME}={theme}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"))
}

fn make(https: bool, value: &str, seconds: u32) -> HeaderValue {
    let (name, secure) = if https { (SECURE_SESSION, "; Secure") } else { (SESSION, "") };
    header_value(&format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"))
}

fn header_value(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; bulkhead-theme=dark"));
        assert_eq!(session(&headers), None);
        headers.append(header::COOKIE, HeaderValue::from_static("bulkhead=s1"));
        assert_eq!((session(&headers).as_deref(), theme(&headers)), (Some("s1"), "dark"));
    }

    #[test]
    fn a_session_cookie_is_out_of_reach_for_scripts_and_other_sites() {
        let plain = keep_session("s", false);
        assert_eq!(plain, "bulkhead=s; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict");
        assert!(plain.is_sensitive());
        assert_eq!(
            keep_session("s", true),
            "__Host-bulkhead=s; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure"
        );
    }
}
