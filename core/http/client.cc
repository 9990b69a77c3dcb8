#include "core/http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>

namespace logboom::http {
namespace {

constexpr std::size_t kMaxAnswer = 256 << 20;  // as inflated
constexpr long kMaxSilence = 60;               // seconds, of a stream
constexpr std::size_t kMaxAnswerHeaders = 64 << 10;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

bool one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

class CurlClient final : public Client {
 public:
  using Part = std::function<bool(std::string_view part)>;

  CurlClient(ClientOptions options, CURL* easy) : options_(std::move(options)), easy_(easy) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
  }

  Result<Answer> get(std::string_view target, const Pairs& headers) override {
    return perform(target, std::nullopt, headers);
  }
  Result<Answer> post(std::string_view target, std::string_view body,
                      const Pairs& headers) override {
    return perform(target, body, headers);
  }
  Result<Answer> post_stream(std::string_view target, std::string_view body, const Pairs& headers,
                             const Part& part) override {
    return perform(target, body, headers, part);
  }

 private:
  struct Receiving {
    CURL* easy = nullptr;
    const Part* part = nullptr;  // of a stream
    bool stopped = false;
    Answer answer;
    std::size_t header_bytes = 0;
    bool too_large = false;
  };

  static std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* user) {
    auto& receiving = *static_cast<Receiving*>(user);
    long status = 0;
    curl_easy_getinfo(receiving.easy, CURLINFO_RESPONSE_CODE, &status);
    if (receiving.part != nullptr && status == 200) {
      receiving.stopped = !(*receiving.part)({bytes, size});
      return receiving.stopped ? 0 : size;
    }
    if (receiving.answer.body.size() + size > kMaxAnswer) {
      receiving.too_large = true;
      return 0;
    }
    receiving.answer.body.append(bytes, size);
    return size;
  }

  static std::size_t take_header(char* bytes, std::size_t, std::size_t size, void* user) {
    auto& receiving = *static_cast<Receiving*>(user);
    std::string_view line(bytes, size);
    if (line.starts_with("HTTP/")) {  // a new head: what came before was 100 Continue or the like
      receiving.answer.headers.clear();
      return size;
    }
    receiving.header_bytes += size;
    if (receiving.header_bytes > kMaxAnswerHeaders) {
      receiving.too_large = true;
      return 0;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    receiving.answer.headers.emplace_back(lower(line.substr(0, colon)), value);
    return size;
  }

  Result<Answer> perform(std::string_view target, std::optional<std::string_view> body,
                         const Pairs& headers, const Part& part = {}) {
    CURL* easy = easy_.get();
    curl_easy_reset(easy);  // keeps the connections
    const std::string url = options_.url + std::string(target);
    if (!target.starts_with('/') || target.find_first_of(" \t\r\n") != std::string_view::npos) {
      return fail(Errc::invalid, "request target '" + std::string(target) +
                                     "' must start with / and be percent-encoded");
    }
    auto list = header_list(headers);
    if (!list) return fail(std::move(list).error());

    Receiving receiving;
    receiving.easy = easy;
    if (part) receiving.part = &part;
    char words[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
    if (part) {
      curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
      curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, kMaxSilence);
    } else {
      curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list->get());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receiving);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &receiving);
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    if (is_loopback()) curl_easy_setopt(easy, CURLOPT_PROXY, "");  // whatever the environment says
    if (body) {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->data() ? body->data() : "");
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    }
    const CURLcode code = curl_easy_perform(easy);
    if (receiving.stopped) return fail(Errc::cancelled, "stopped");
    if (code != CURLE_OK) return failed_with(code, words, receiving.too_large);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    receiving.answer.status = static_cast<int>(status);
    return std::move(receiving.answer);
  }

  [[nodiscard]] Result<List> header_list(const Pairs& headers) const {
    // A name without a value takes away what curl would add: "Expect", which is a pause before a
    // large body that servers refuse in time anyway, and a Content-Type that says it is a form.
    List list(curl_slist_append(nullptr, "Expect:"));
    list.reset(curl_slist_append(list.release(), "Content-Type:"));
    for (const Pairs* pairs : {&options_.headers, &headers}) {
      for (const auto& [name, value] : *pairs) {
        if (name.empty() || !one_line(name) || !one_line(value)) {
          return fail(Errc::invalid, "header '" + name + "': a name and value must be one line");
        }
        // curl's way to send a header without a value is a semicolon.
        const std::string line = value.empty() ? name + ";" : name + ": " + value;
        list.reset(curl_slist_append(list.release(), line.c_str()));
      }
    }
    return list;
  }

  [[nodiscard]] bool is_loopback() const {
    const std::size_t scheme = options_.url.find("://");
    const std::string_view host = std::string_view(options_.url).substr(scheme + 3);
    return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
  }

  [[nodiscard]] std::unexpected<Error> failed_with(CURLcode code, const char* words,
                                                   bool too_large) const {
    const std::string what = *words != '\0' ? words : curl_easy_strerror(code);
    if (too_large) {
      return fail(Errc::too_large, options_.url + ": the answer is larger than " +
                                       std::to_string(kMaxAnswer >> 20) +
                                       " MiB; ask for less at once");
    }
    switch (code) {
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        return fail(Errc::invalid, options_.url + ": " + what);
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_RESOLVE_PROXY:
        return fail(Errc::unavailable,
                    "cannot reach " + options_.url + ": " + what + "; is the host name right?");
      case CURLE_COULDNT_CONNECT:
        return fail(Errc::unavailable,
                    "cannot reach " + options_.url + ": " + what + "; is the server running?");
      case CURLE_OPERATION_TIMEDOUT:
        return fail(Errc::timeout, options_.url + ": no answer in time: " + what);
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        return fail(Errc::unavailable, options_.url + ": certificate not trusted: " + what +
                                           "; name the authority's PEM file if it is your own");
      default:
        return fail(Errc::unavailable, options_.url + ": " + what);
    }
  }

  ClientOptions options_;
  std::unique_ptr<CURL, FreeEasy> easy_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::create(ClientOptions options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });

  struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
  };
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const bool scheme = options.url.starts_with("http://") || options.url.starts_with("https://");
  if (!scheme || options.url.find_first_of("?# ") != std::string::npos || !one_line(options.url) ||
      curl_url_set(url.get(), CURLUPART_URL, options.url.c_str(), 0) != CURLUE_OK) {
    return fail(Errc::invalid, "server URL '" + options.url +
                                   "': write http://HOST:PORT or https://HOST:PORT, with a path "
                                   "in front of the API's if there is one");
  }
  CURL* easy = curl_easy_init();
  if (easy == nullptr) return fail(Errc::internal, "libcurl does not start");
  return std::make_unique<CurlClient>(std::move(options), easy);
}

}  // namespace logboom::http
