// The intake of a server with Kafka: a batch is acknowledged after the broker has it, and comes
// back to the stores through the topic (DESIGN 4.2).
//
// Holes of a source cannot be seen here: the store remembers them when it reads the topic. So the
// answer is always `stored`. A request of which only a part was delivered in time is answered as an
// error and comes again; batches with a span are recognised then, others are at-least-once.
//
// Errors:  limit (the producer's queue is full), unavailable (not delivered within `deadline`),
//          too_large (a record the broker would refuse).
// Limits:  a message holds about kMessageBytes of a batch without span, larger ones are cut up; the
//          producer bounds what is under way.
#pragma once

#include <chrono>
#include <memory>

#include "core/kafka/kafka.h"
#include "query/intake.h"

namespace logboom::query {

inline constexpr std::size_t kMessageBytes = 1 << 20;

[[nodiscard]] Result<std::unique_ptr<Intake>> kafka_intake(
    kafka::Options options, std::chrono::milliseconds deadline = std::chrono::seconds(30));

}  // namespace logboom::query
