#: about A certificate authority made while rendering.
#: pillion refuses
{{ genCA "x" 365 }}
