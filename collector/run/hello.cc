#include "collector/run/hello.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace logboom::collector {

std::string socket_path(const std::string& spool) { return spool + "/collector.sock"; }

Hello::Hello(const std::string& spool, const std::string& tool) {
  sockaddr_un address{};
  const auto path = socket_path(spool);
  if (path.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto packet = tool.empty() ? std::string("-") : tool.substr(0, kMaxHello);
  if (!socket.open() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) {
    return;
  }
  // In a directory of all users anybody may listen.
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != 0 && peer.uid != ::geteuid())) {
    return;
  }
  socket_ = std::move(socket);
}

std::optional<std::string> Hello::answer(std::chrono::milliseconds most) {
  if (!socket_.open()) return std::nullopt;
  pollfd ready{socket_.get(), POLLIN, 0};
  std::array<char, kMaxHello> packet{};
  if (::poll(&ready, 1, static_cast<int>(most.count())) <= 0) return std::nullopt;
  const auto got = ::recv(socket_.get(), packet.data(), packet.size(), 0);
  if (got <= 0) return std::nullopt;
  return std::string(packet.data(), static_cast<std::size_t>(got));
}

}  // namespace logboom::collector
