-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- The least that a post-dissector in Lua can do with TCP: copy one field. A measure of scale.

local flags = Field.new("tcp.flags")
local minimal = Proto("minimal", "Copies tcp.flags")
local copied = ProtoField.uint16("minimal.flags", "Flags", base.HEX)

minimal.fields = { copied }

function minimal.dissector(_, _, tree)
    local found = flags()
    if found then
        tree:add(minimal):add(copied, found.value)
    end
end

register_postdissector(minimal)
