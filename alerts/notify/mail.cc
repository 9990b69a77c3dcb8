#include "alerts/notify/mail.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>

#include "alerts/notify/mime.h"

namespace logboom::alerts {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kConnectSeconds = 15;
constexpr long kKeepSeconds = 20;  // an idle connection; servers close theirs after minutes
// An orderly stop lets a message under way come to its answer, lest it be sent twice.
constexpr auto kStopGrace = std::chrono::seconds(5);

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One message under way.
struct Sending {
  std::string_view bytes;
  std::string verb;   // the last command we sent: MAIL, RCPT, DATA, ...
  std::string reply;  // the last line the server sent
  std::stop_token stop;
  Clock::time_point stopped{};  // when the stop was first seen
};

std::size_t give_bytes(char* buffer, std::size_t size, std::size_t count, void* user) {
  auto& sending = *static_cast<Sending*>(user);
  const std::size_t n = std::min(size * count, sending.bytes.size());
  std::memcpy(buffer, sending.bytes.data(), n);
  sending.bytes.remove_prefix(n);
  return n;
}

int listen_in(CURL*, curl_infotype type, char* data, std::size_t size, void* user) {
  auto& sending = *static_cast<Sending*>(user);
  const std::string_view text(data, size);
  if (type == CURLINFO_HEADER_OUT) {
    const auto verb = text.substr(0, text.find_first_of(" \r\n"));
    // Continuations of a login are not commands, and never to be kept.
    for (const std::string_view known :
         {"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"}) {
      if (verb == known) sending.verb = known;
    }
  } else if (type == CURLINFO_HEADER_IN) {
    sending.reply = text.substr(0, std::min<std::size_t>(text.find_first_of("\r\n"), 300));
  }
  return 0;
}

int ask_to_go_on(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& sending = *static_cast<Sending*>(user);
  if (!sending.stop.stop_requested()) return 0;
  if (sending.stopped == Clock::time_point{}) sending.stopped = Clock::now();
  return Clock::now() - sending.stopped > kStopGrace ? 1 : 0;
}

bool is_here(std::string_view url) {
  const auto host = url.substr(url.find("://") + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

class MailChannel final : public Channel {
 public:
  MailChannel(MailOptions options, CURL* easy) : options_(std::move(options)), easy_(easy) {}

  Result<void> send(const Letter& letter, std::stop_token stop) override {
    const std::unique_ptr<curl_slist, FreeList> recipients(
        curl_slist_append(nullptr, ("<" + letter.to + ">").c_str()));
    Sending sending;
    sending.bytes = letter.bytes;
    sending.stop = std::move(stop);
    char words[CURL_ERROR_SIZE] = "";
    set_up(letter, recipients.get(), sending, words);
    const CURLcode code = curl_easy_perform(easy_.get());
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, nullptr);
    if (code == CURLE_OK) return {};
    if (code == CURLE_ABORTED_BY_CALLBACK) return fail(Errc::cancelled, "mail: stopping");
    return refused(code, status, sending, *words != '\0' ? words : curl_easy_strerror(code));
  }

 private:
  void set_up(const Letter& letter, curl_slist* recipients, Sending& sending, char* words) {
    CURL* easy = easy_.get();
    curl_easy_reset(easy);  // keeps the connection
    curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kKeepSeconds);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(protection()));
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (!options_.user.empty()) {
      curl_easy_setopt(easy, CURLOPT_USERNAME, options_.user.c_str());
      curl_easy_setopt(easy, CURLOPT_PASSWORD, options_.password.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, ("<" + sender_of(letter) + ">").c_str());
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &give_bytes);
    curl_easy_setopt(easy, CURLOPT_READDATA, &sending);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &listen_in);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, &sending);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &ask_to_go_on);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &sending);
  }

  // This machine's own server needs no TLS, and mostly has a certificate that nobody signed.
  [[nodiscard]] curl_usessl protection() const {
    if (options_.tls) return CURLUSESSL_ALL;
    if (is_here(options_.url)) return CURLUSESSL_NONE;
    return options_.user.empty() ? CURLUSESSL_TRY : CURLUSESSL_ALL;
  }

  [[nodiscard]] std::string sender_of(const Letter& letter) const {
    if (options_.bounces.empty()) return options_.from;
    std::string sender = options_.bounces;
    if (const auto at = sender.find("{id}"); at != std::string::npos) {
      sender.replace(at, 4, letter.id);
    }
    return sender;
  }

  [[nodiscard]] Result<void> refused(CURLcode code, long status, const Sending& sending,
                                     const std::string& words) const {
    const bool answered = status >= 400 && status < 600 && !sending.reply.empty();
    const std::string what = options_.url + ": " + (answered ? sending.reply : words);
    if (code == CURLE_OPERATION_TIMEDOUT) return fail(Errc::timeout, what);
    if (code == CURLE_LOGIN_DENIED || status == 530 || status == 535 || status == 538) {
      return fail(Errc::denied, what + "; are the user and password right?");
    }
    // 421 closes the connection for everybody. One that broke has answered nothing.
    const bool ours = sending.verb == "RCPT" || sending.verb == "DATA";
    if (answered && ours && status != 421) {
      return fail(status >= 500 ? Errc::invalid : Errc::limit, what);
    }
    return fail(Errc::unavailable, what);
  }

  MailOptions options_;
  std::unique_ptr<CURL, FreeEasy> easy_;
};

}  // namespace

Result<std::unique_ptr<Channel>> make_mail_channel(MailOptions options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  if ((!options.url.starts_with("smtp://") && !options.url.starts_with("smtps://")) ||
      options.url.find_first_of(" \r\n") != std::string::npos) {
    return fail(Errc::invalid,
                "SMTP server '" + options.url + "': write smtp://HOST:PORT or smtps://HOST:PORT");
  }
  if (!valid_address(options.from)) {
    return fail(Errc::invalid,
                "mail sender '" + options.from + "': write one address, as in alerts@example.org");
  }
  CURL* easy = curl_easy_init();
  if (easy == nullptr) return fail(Errc::internal, "libcurl does not start");
  return std::make_unique<MailChannel>(std::move(options), easy);
}

}  // namespace logboom::alerts
