// The HTTP side of this folder.
#include "alerts/alerts.h"
#include "core/json.h"
#include "core/time.h"
#include "query/params.h"

namespace logboom::alerts {
namespace {

constexpr std::size_t kMaxListedDead = 100;

void add_text(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  append_json_name(out, name);
  append_json_string(out, value);
}

void add_time(std::string& out, std::string_view name, std::int64_t ns) {
  if (ns != 0) add_text(out, name, format_rfc3339(ns, 3));
}

http::Response list(const Alerts& alerts, const http::Request& request) {
  const auto tool = query::tool_of(request);
  if (!tool) return http::failed(tool.error());
  const auto open = request.param("open").value_or("0");
  const auto found =
      alerts.incidents(*tool, request.param("job").value_or(""), open == "1" || open == "true");
  if (!found) return http::failed(found.error());
  std::string out = "{\"incidents\":[";
  for (const auto& incident : *found) {
    append_json_comma(out);
    out += to_json(incident);
  }
  return http::json(out + "]}");
}

http::Response one(const Alerts& alerts, const http::Request& request) {
  const auto found = alerts.incident(request.path_param("id"));
  if (!found) return http::failed(found.error());
  if (!*found) {
    return http::text(404, "no incident " + std::string(request.path_param("id")) + "\n");
  }
  return http::json(to_json(**found));
}

http::Response state(const Alerts& alerts) {
  const auto dead = alerts.outbox().dead_letters();
  if (!dead) return http::failed(dead.error());
  std::string out = "{\"waiting\":" + std::to_string(alerts.outbox().size()) + ",\"dead\":[";
  for (std::size_t i = 0; i < dead->size() && i < kMaxListedDead; ++i) {
    const auto& letter = (*dead)[i];
    append_json_comma(out);
    out += '{';
    add_text(out, "id", letter.entry.message_id);
    add_text(out, "tool", letter.entry.tool);
    add_text(out, "to", letter.entry.to.text());
    add_text(out, "title", letter.entry.title);
    add_text(out, "reason", letter.reason);
    add_time(out, "failed", letter.failed_ns);
    out += '}';
  }
  return http::json(out + "]}");
}

http::Response test(Alerts& alerts, const http::Request& request) {
  const auto tool = query::tool_of(request);
  if (!tool) return http::failed(tool.error());
  const auto sent = alerts.send_test(*tool, request.param("to").value_or(""));
  if (!sent) return http::failed(sent.error());
  std::string out = "{";
  add_text(out, "sent", *sent);
  return http::json(out + "}");
}

// Mail programs fetch links unasked: the GET only shows a button.
http::Response unsubscribe(Alerts& alerts, const http::Request& request) {
  http::Response page;
  page.headers = {{"Content-Type", "text/html; charset=utf-8"},
                  {"Content-Security-Policy", "default-src 'none'; form-action 'self'"},
                  {"Referrer-Policy", "no-referrer"}};
  const std::string head =
      "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">"
      "<title>Logboom alerts</title><body>";
  if (request.method != "POST") {
    page.body = head +
                "<p>No more alerts of this tool to your address?</p>"
                "<form method=\"post\"><button>Unsubscribe</button></form></body></html>\n";
    return page;
  }
  const auto done =
      alerts.unsubscribe(request.param("tool").value_or(""), request.param("to").value_or(""),
                         request.param("key").value_or(""));
  if (!done) return http::failed(done.error());
  page.body = head + "<p>Done: no more alerts of this tool to your address.</p></body></html>\n";
  return page;
}

}  // namespace

std::string to_json(const Incident& incident) {
  std::string out = "{";
  add_text(out, "id", incident.id);
  add_text(out, "tool", incident.tool);
  add_text(out, "job", incident.job);
  add_text(out, "kind", name(incident.kind));
  add_text(out, "fingerprint", incident.fingerprint);
  add_text(out, "class", incident.cause);
  add_text(out, "headline", incident.headline);
  add_time(out, "opened", incident.opened_ns);
  add_time(out, "closed", incident.closed_ns);
  append_json_name(out, "failing_since");
  out += '{';
  add_text(out, "run", incident.first_run);
  add_time(out, "started", incident.first_bad_ns);
  out += '}';
  add_text(out, "last_run", incident.last_run);
  if (!incident.last_good.empty()) {
    append_json_name(out, "last_good");
    out += '{';
    add_text(out, "run", incident.last_good);
    out += '}';
  }
  append_json_name(out, "failures");
  out += std::to_string(incident.failures);
  append_json_name(out, "messages");
  out += std::to_string(incident.messages);
  append_json_name(out, "notes");
  out += '[';
  for (const auto& note : incident.notes) {
    append_json_comma(out);
    append_json_string(out, note);
  }
  return out + "]}";
}

void add_alert_routes(http::Router& router, Alerts& alerts) {
  router.add("GET", "/api/v1/incidents",
             [&alerts](const http::Request& request) { return list(alerts, request); });
  router.add("GET", "/api/v1/incidents/{id}",
             [&alerts](const http::Request& request) { return one(alerts, request); });
  router.add("GET", "/api/v1/alerts", [&alerts](const http::Request&) { return state(alerts); });
  router.add("POST", "/api/v1/alerts/test",
             [&alerts](const http::Request& request) { return test(alerts, request); });
  for (const char* method : {"GET", "POST"}) {
    router.add(method, "/api/v1/alerts/unsubscribe",
               [&alerts](const http::Request& request) { return unsubscribe(alerts, request); });
  }
}

}  // namespace logboom::alerts
