// SPDX-License-Identifier: Apache-2.0
#pragma once

// Boost.Asio and Boost.Process as the event loop uses them: executors of a
// known type, which need no allocation for each handler.
#include <chrono>

// Boost 1.81 forgets these when it uses std::filesystem.
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>
#define BOOST_PROCESS_USE_STD_FS 1
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/process/v2/process.hpp>

namespace driftcage::run {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Process = boost::process::v2::basic_process<Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               Executor>;
using ErrorCode = boost::system::error_code;

}  // namespace driftcage::run
